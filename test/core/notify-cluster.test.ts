import { brokerContract } from '../contract/broker.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';

brokerContract('hubs of one process', () => new SharedNetwork());
