/** The text of a new walker file: something that runs, and says what else there is. */
export function skeleton(name: string): string {
  return `import { node, Root, Type, walker } from 'hub:walker';

// Nodes are what is kept between calls. Every user has a graph of nodes, which begins at the user's root.
const Visit = node('Visit', { times: Type.Integer({ default: 0 }) });

// The exported name is the name of the event. Saving this file is enough: the running hub has it at once.
export const ${name} = walker({
  specs: {
    methods: ['websocket', 'post'], // an event on /websocket, and POST /walker/${name}
    auth: false, // true: for logged-in users only; false: for everybody else
    summary: 'Greets, and counts how often.',
  },
  // What a caller gives. Anything else than this is refused before the walker runs.
  has: { name: Type.String({ default: 'world', maxLength: 100 }) },
})
  // Runs on the root, where the walker starts unless the caller names another node.
  .entry(Root, (w, here) => {
    if (here.out(Visit).length === 0) here.connect(Visit({}));
    // Walks on to every neighbour of that type.
    w.visit(here.out(Visit));
  })
  .entry(Visit, (w, here) => {
    here.times += 1; // stored when the walker has ended well; nothing is when it throws
    w.report({ greeting: \`Hello \${w.name}\`, times: here.times });
  });

// Try it:  hub walker run ${name} --context '{"name":"Ann"}'
`;
}
