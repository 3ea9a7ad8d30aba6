/** The five topics of Pydio Cells. */
import type { SessionLimits } from '../definition.ts';
import type { Options } from '../options.ts';
import type { Topics } from '../service.ts';
import { flattening } from './flatten.ts';
import { nodeAudience } from './nodes.ts';
import { activityAudience, idmAudience, taskAudience } from './people.ts';
import { ActivityEvent, IdmEvent, NodeChange, TaskEvent } from './schemas.ts';

export const TREE = 'topic.pydio.tree.nodes.changes';
export const META = 'topic.pydio.meta.nodes.changes';
export const TASKS = 'topic.pydio.tasks.event';
export const IDM = 'topic.pydio.idm.event';
export const ACTIVITY = 'topic.pydio.activity.event';

export function defineCellsTopics(topics: Topics, options: Options): void {
  const limits: SessionLimits<NodeChange> = {
    perSecond: options.nodeEventsPerSecond,
    burst: options.nodeEventsBurst,
    waiting: options.nodeEventsWaiting,
    exempt: ({ Optimistic }) => Optimistic === true,
    expendable: ({ Silent }) => Silent === true,
  };
  const nodes = { schema: NodeChange, audience: nodeAudience, batch: flattening, limits };
  topics.define(TREE, { ...nodes, summary: 'Changes of files and folders.' });
  topics.define(META, { ...nodes, summary: 'Changes of what is said of files and folders.' });
  topics.define(TASKS, {
    schema: TaskEvent,
    audience: taskAudience,
    summary: 'Progress of background jobs.',
  });
  topics.define(IDM, {
    schema: IdmEvent,
    audience: idmAudience,
    summary: 'Changes of users, roles, workspaces and rights.',
  });
  topics.define(ACTIVITY, {
    schema: ActivityEvent,
    audience: activityAudience,
    summary: 'What others did, as it arrives in an inbox.',
  });
}
