/** What the parts of the plugin share. */
import type { Hub } from '../../core/index.ts';
import type { Announcer } from './announcer.ts';
import type { Endpoints } from './endpoints.ts';
import type { Collector } from './garbage.ts';
import type { Options } from './options.ts';
import type { Protection } from './protection.ts';
import type { Repository } from './repository.ts';
import type { Tables } from './tables.ts';
import type { Tags } from './tags.ts';
import type { Writer } from './writer.ts';

export interface CityIO {
  readonly hub: Hub;
  readonly options: Options;
  readonly repository: Repository;
  readonly tags: Tags;
  readonly protection: Protection;
  readonly tables: Tables;
  readonly writer: Writer;
  readonly endpoints: Endpoints;
  readonly announcer: Announcer;
  readonly collector: Collector;
}
