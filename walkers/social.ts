/**
 * A small social network, to show access levels. Every user has a profile; profiles follow each other; posts are seen by
 * everybody, by followers, or by nobody else. Nodes belong to the user whose walker made them, and nobody else may
 * see them before something is granted.
 */
import { edge, node, Root, ref, Type, walker } from 'hub:walker';

const methods = ['websocket', 'post'] as const;
const Profile = node('Profile', { name: Type.String(), root_id: Type.String() });
const Post = node('Post', { text: Type.String(), by: Type.String() });
const Follows = edge('Follows', { since: Type.String() });

const text = Type.String({ minLength: 1, maxLength: 2_000 });

export const make_profile = walker({
  specs: { methods, summary: 'Makes the profile of the user, or renames it.' },
  has: { name: Type.String({ minLength: 1, maxLength: 100 }) },
}).entry(Root, (w, here) => {
  let [profile] = here.out(Profile);
  if (profile === undefined) {
    profile = Profile({ name: w.name, root_id: w.root.id });
    here.connect(profile);
    // Others may see the profile, and connect theirs to it: that is what following is.
    profile.grant('CONNECT');
  }
  profile.name = w.name;
  w.report(profile);
});

export const follow = walker({
  specs: { methods, entry_type: 'NODE', summary: 'Follows the profile it starts on.' },
}).entry(Profile, (w, here) => {
  const [own] = w.root.out(Profile);
  if (own === undefined) throw new Error('make a profile first');
  if (own.id === here.id) throw new Error('this is your own profile');
  if (!own.out(Profile, Follows).includes(here))
    own.connect(here, Follows({ since: new Date().toISOString() }));
  w.report(own.out(Profile, Follows).map(({ name }) => name));
});

export const unfollow = walker({
  specs: { methods, entry_type: 'NODE', summary: 'No longer follows the profile it starts on.' },
}).entry(Profile, (w, here) => w.report(w.root.out(Profile)[0]?.disconnect(here) ?? false));

export const followers = walker({ specs: { methods, summary: 'Who follows the user.' } }).entry(
  Root,
  (w, here) => w.report(here.out(Profile).flatMap((own) => own.in(Profile, Follows).map(({ name }) => name))),
);

/** Whoever is blocked sees the profile no more, and what was connected to it neither. */
export const block = walker({
  specs: { methods, summary: 'Hides the profile and all posts from one user.' },
  has: { root_id: Type.String() },
}).entry(Root, (w, here) => {
  for (const own of here.out(Profile)) {
    own.grant('NO_ACCESS', w.root_id);
    for (const post of own.out(Post)) post.grant('NO_ACCESS', w.root_id);
  }
});

export const write_post = walker({
  specs: { methods, entry_type: 'ROOT', summary: 'Writes a post.' },
  has: { text, to: Type.Enum(['everybody', 'followers', 'nobody'], { default: 'followers' }) },
}).entry(Root, (w, here) => {
  const [own] = here.out(Profile);
  if (own === undefined) throw new Error('make a profile first');
  const post = Post({ text: w.text, by: own.name });
  own.connect(post);
  if (w.to === 'everybody') post.grant('READ');
  if (w.to === 'followers') for (const { root_id } of own.in(Profile, Follows)) post.grant('READ', root_id);
  w.report(post);
});

export const share_post = walker({
  specs: { methods, entry_type: 'NODE', summary: 'Lets another user change the post it starts on.' },
  has: { root_id: Type.String() },
}).entry(Post, (w, here) => here.grant('WRITE', w.root_id));

/** Whoever may only read a post gets the changed one reported, too: but it is not stored. */
export const edit_post = walker({
  specs: { methods, entry_type: 'NODE', summary: 'Changes the post it starts on.' },
  has: { text },
}).entry(Post, (w, here) => {
  here.text = w.text;
  w.report(here);
});

export const feed = walker({ specs: { methods, summary: 'The posts of everybody the user follows.' } })
  .entry(Root, (w, here) => {
    w.visit(here.out(Profile).flatMap((own) => own.out(Profile, Follows)));
  })
  // Posts that the user may not see are not among the neighbours.
  .entry(Profile, (w, here) => {
    w.visit(here.out(Post));
  })
  .entry(Post, (w, here) => w.report(here));

export const read_post = walker({
  specs: { methods, summary: 'One post by its id, if the user may see it.' },
  has: { id: Type.String() },
}).entry(Root, (w) => w.report(ref(w.id, Post)));
