/** What walkers import. The hub runs the files of `walkers/` with it; editors read its types here. */
declare module 'hub:walker' {
  /** Describes a value of type T. Made by `Type`. */
  export interface Schema<T> {
    readonly [value]: T;
  }
  /** A field that may be left out: undefined then. */
  export interface OptionalSchema<T> extends Schema<T | undefined> {
    readonly [optional]: true;
  }
  /** A field that may be left out when something is made: it gets its default then. */
  export interface DefaultSchema<T> extends Schema<T> {
    readonly [defaulted]: true;
  }
  const value: unique symbol;
  const optional: unique symbol;
  const defaulted: unique symbol;

  /** The type that a schema describes. */
  export type Static<S> = S extends Schema<infer T> ? T : never;
  type Fields = Readonly<Record<string, Schema<unknown>>>;
  type None = Record<never, never>;
  type Flat<T> = { [K in keyof T]: T[K] };
  type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalSchema<unknown> ? K : never }[keyof F];
  type OmittableKeys<F> = {
    [K in keyof F]: F[K] extends OptionalSchema<unknown> | DefaultSchema<unknown> ? K : never;
  }[keyof F];
  /** The values of fields. */
  type Values<F> = Flat<
    { -readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Static<F[K]> } & {
      -readonly [K in OptionalKeys<F>]?: Static<F[K]>;
    }
  >;
  /** What is needed to make something with these fields. */
  type Given<F> = Flat<
    { [K in Exclude<keyof F, OmittableKeys<F>>]: Static<F[K]> } & { [K in OmittableKeys<F>]?: Static<F[K]> }
  >;
  /** No argument is needed when every field may be left out. */
  type GivenArguments<F> = None extends Given<F> ? [fields?: Given<F>] : [fields: Given<F>];

  interface Options {
    readonly title?: string;
    readonly description?: string;
    readonly default?: unknown;
    readonly examples?: readonly unknown[];
  }
  interface StringOptions extends Options {
    readonly default?: string;
    readonly minLength?: number;
    readonly maxLength?: number;
    /** A regular expression that must be found in the value. */
    readonly pattern?: string;
  }
  interface NumberOptions extends Options {
    readonly default?: number;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly exclusiveMinimum?: number;
    readonly exclusiveMaximum?: number;
    readonly multipleOf?: number;
  }
  interface ArrayOptions extends Options {
    readonly minItems?: number;
    readonly maxItems?: number;
    readonly uniqueItems?: boolean;
  }
  interface ObjectOptions extends Options {
    /** Whether other properties may be there. Default: yes. */
    readonly additionalProperties?: boolean;
    readonly minProperties?: number;
    readonly maxProperties?: number;
  }
  type Described<T, O> = O extends { readonly default: unknown } ? DefaultSchema<T> : Schema<T>;

  export interface UploadedFile {
    name: string;
    /** Media type, as the sender says. Default: `application/octet-stream`. */
    type: string;
    /** Of the content, in bytes. */
    size: number;
    /** The content in base64. */
    bytes: string;
  }

  /** Describes the fields of walkers, nodes and edges. */
  export const Type: {
    String<O extends StringOptions = None>(options?: O): Described<string, O>;
    Integer<O extends NumberOptions = None>(options?: O): Described<number, O>;
    Number<O extends NumberOptions = None>(options?: O): Described<number, O>;
    Boolean<O extends Options & { readonly default?: boolean } = None>(options?: O): Described<boolean, O>;
    Null(options?: Options): Schema<null>;
    /** Anything that JSON can hold. */
    // biome-ignore lint/suspicious/noExplicitAny: anything is what the schema lets through
    Any<O extends Options = None>(options?: O): Described<any, O>;
    Literal<const T extends string | number | boolean, O extends Options = None>(
      value: T,
      options?: O,
    ): Described<T, O>;
    Array<T, O extends ArrayOptions = None>(items: Schema<T>, options?: O): Described<T[], O>;
    /** Any names, with values of one type. */
    Record<T, O extends ObjectOptions = None>(
      key: Schema<string>,
      value: Schema<T>,
      options?: O,
    ): Described<Record<string, T>, O>;
    Object<F extends Fields, O extends ObjectOptions = None>(
      properties: F,
      options?: O,
    ): Described<Values<F>, O>;
    Union<const S extends readonly Schema<unknown>[], O extends Options = None>(
      alternatives: S,
      options?: O,
    ): Described<Static<S[number]>, O>;
    /**
     * One of several values. From an object (`{ RED: 1, GREEN: 2 }`): JSON shows and takes the names, the walker works
     * with the values.
     */
    Enum<const T extends readonly (string | number)[], O extends Options = None>(
      values: T,
      options?: O,
    ): Described<T[number], O>;
    Enum<const T extends Readonly<Record<string, string | number>>, O extends Options = None>(
      values: T,
      options?: O,
    ): Described<T[keyof T], O>;
    /** An uploaded file. Default of `maxBytes`: 1,000,000. */
    File(options?: Options & { readonly maxBytes?: number }): Schema<UploadedFile>;
    Optional<T>(schema: Schema<T>): OptionalSchema<T>;
  };

  /** What others may do with a node; each level includes those before it. */
  export type Level = 'NO_ACCESS' | 'READ' | 'CONNECT' | 'WRITE';
  export type Direction = 'out' | 'in' | 'both';

  /** What every node can do. */
  export interface GraphNode {
    /** `n:<type>:<24 hex digits>` */
    readonly id: string;
    /** Neighbours that edges from here lead to, each once, in order of connection. */
    out<N extends GraphNode = GraphNode>(type?: NodeKind<N>, edge?: EdgeKind): N[];
    /** Neighbours whose edges lead here. */
    in<N extends GraphNode = GraphNode>(type?: NodeKind<N>, edge?: EdgeKind): N[];
    both<N extends GraphNode = GraphNode>(type?: NodeKind<N>, edge?: EdgeKind): N[];
    /** Edges in order of connection. Default direction: out. */
    edges<E extends GraphEdge = GraphEdge>(edge?: EdgeKind<E>, direction?: Direction, type?: NodeKind): E[];
    /** Makes an edge from here. Without a given one it is of no type and has no fields. */
    connect(to: GraphNode): GraphEdge;
    connect<E extends GraphEdge>(to: GraphNode, edge: E): E;
    /** Deletes the edges from here to a node, or to all nodes of a type. Returns whether there were any. */
    disconnect(what: GraphNode | NodeKind): boolean;
    /** Lets everybody, or the user of a root, do what the level says. */
    grant(level: Level, root?: Root | string): void;
    /** Takes a grant back. */
    revoke(root?: Root | string): void;
  }

  export interface GraphEdge {
    /** `e:<type>:<24 hex digits>` */
    readonly id: string;
    /** Null while it connects nothing, or when the node may not be seen. */
    readonly from: GraphNode | null;
    readonly to: GraphNode | null;
  }

  /** A type of nodes: an own one, `Root` or `AnyNode`. */
  export interface NodeKind<N extends GraphNode = GraphNode> {
    /** Whether a value is a node of this type. */
    is(value: unknown): value is N;
  }
  export interface EdgeKind<E extends GraphEdge = GraphEdge> {
    is(value: unknown): value is E;
    readonly [edgeKind]: true;
  }
  const edgeKind: unique symbol;

  export interface NodeType<F extends Fields = None> extends NodeKind<GraphNode & Values<F>> {
    /** Makes a node of the user. It is stored when the walker ends well. */
    (...fields: GivenArguments<F>): GraphNode & Values<F>;
  }
  export interface EdgeType<F extends Fields = None> extends EdgeKind<GraphEdge & Values<F>> {
    /** Makes an edge, to be given to `connect`. */
    (...fields: GivenArguments<F>): GraphEdge & Values<F>;
  }
  /** A node of a type: `NodeOf<typeof A>`. */
  export type NodeOf<T> = T extends NodeKind<infer N> ? N : never;
  export type EdgeOf<T> = T extends EdgeKind<infer E> ? E : never;

  export function node<F extends Fields = None>(name: string, fields?: F): NodeType<F>;
  export function edge<F extends Fields = None>(name: string, fields?: F): EdgeType<F>;

  /** The node that every user has. */
  export interface Root extends GraphNode {
    readonly [rootNode]: true;
  }
  const rootNode: unique symbol;
  export const Root: NodeKind<Root>;
  /** Nodes of every type, roots included. */
  export const AnyNode: NodeKind<GraphNode>;
  export type AnyNode = GraphNode;

  export interface User {
    readonly id?: string;
    readonly email?: string;
    readonly root_id?: string;
    readonly [field: string]: unknown;
  }

  /** What an ability gets of its walker, besides the fields. */
  export interface Walking {
    /** Adds a value to the answer. Nodes appear as `{ id, context: { …fields } }`. */
    report(value: unknown): void;
    /** Queues nodes to be visited. Returns whether there were any. */
    visit(nodes: GraphNode | readonly GraphNode[]): boolean;
    /** Nothing is visited after the present ability. */
    disengage(): void;
    /** The root of the user it runs for. */
    readonly root: Root;
    /** Null for somebody who is not logged in. */
    readonly user: User | null;
    /** Null outside of a WebSocket event. */
    readonly client: { readonly client_id: string; readonly channel_id: string } | null;
    /** What happened, when a topic triggered it; `{ tick }`, in Unix ms, when it runs by its schedule. */
    // biome-ignore lint/suspicious/noExplicitAny: every topic has its own shape, which this file does not know
    readonly event: any;
    /** HTTP status of the answer. */
    status(code: number): void;
    /** Body of the answer, in place of the reports. */
    respond(body: unknown): void;
  }
  /** A walker: its fields and what it can do. */
  export type WalkerOf<T> = T extends WalkerType<infer F> ? Walking & Values<F> : never;

  /** The node that an ability for a type, or for several, is given. */
  type Visited<K> = K extends readonly (infer N)[] ? NodeOf<N> : NodeOf<K>;

  export interface WalkerType<F extends Fields = None> {
    /** Makes one, for `spawn`. */
    (...fields: GivenArguments<F>): Walking & Values<F>;
    /** Runs on every visited node of the type, or of one of the types; abilities run in the order declared. */
    entry<K extends NodeKind | readonly NodeKind[]>(
      type: K,
      ability: (walker: Walking & Values<F>, here: Visited<K>) => void,
    ): WalkerType<F>;
    /** Runs when a node of the type is left: after the entry abilities, before the next node. */
    exit<K extends NodeKind | readonly NodeKind[]>(
      type: K,
      ability: (walker: Walking & Values<F>, here: Visited<K>) => void,
    ): WalkerType<F>;
  }

  export function walker<F extends Fields = None>(options?: {
    readonly specs?: Specs<Extract<keyof F, string>>;
    readonly has?: F;
  }): WalkerType<F>;

  /** Deletes a node with its edges, or an edge. */
  export function destroy(thing: GraphNode | GraphEdge): void;
  /** The node of an id, or an edge that this run has met; null when there is none that the user may see. */
  export function ref(id: string): GraphNode | GraphEdge | null;
  export function ref<N extends GraphNode>(id: string, type: NodeKind<N>): N | null;
  /** Runs another walker to its end, as a part of this run. */
  export function spawn<W extends Walking>(walker: W, node: GraphNode): W;

  /** Notifications leave at once, while the walker runs. */
  export const socket: {
    /** To the client that triggered the walker; nothing outside of a WebSocket event. */
    notify_self(data: unknown): void;
    notify_users(roots: readonly string[], data: unknown): void;
    notify_channels(ids: readonly string[], data: unknown): void;
    notify_clients(ids: readonly string[], data: unknown): void;
  };
  /** Functions that plugins offer, by grant. Plugins add theirs by declaration merging. */
  export interface Grants {}
  export type GrantName = Extract<keyof Grants, string>;
  /**
   * The functions of a grant. The walker that calls one names the grant in its specs: `specs: { grants: ['irrigation'] }`. A
   * call waits for the result. What a plugin refuses is thrown as an error, which a walker may catch. A call is done even when
   * the walker fails afterwards; when its run is repeated, calls that are the same are not done again.
   */
  export function grant<N extends GrantName>(name: N): Grants[N];
  export const topics: {
    /**
     * Publishes an event: to whatever follows the topic in the hub, and to clients of `/topics`. A topic nobody defined
     * reaches of those only the user whose walker this is. One that a plugin defined takes events from walkers only if
     * it says so; what is refused is in the log of the hub.
     */
    publish(topic: string, event: unknown): void;
  };
}
