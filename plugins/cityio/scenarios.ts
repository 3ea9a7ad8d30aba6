/** Scenarios: states of a table that were given a name. Each is a tag on a tree, so that saving one copies nothing. */
import { HubError } from '../../core/index.ts';
import { assertWriter } from './access.ts';
import type { CityIO } from './cityio.ts';
import { listenedTable } from './interface.ts';
import { ModifyScenario, Nothing, SaveScenario, ScenarioName } from './messages.ts';
import type { Scenario } from './tags.ts';

export function serveScenarios({ options, tags, tables, writer, endpoints }: CityIO): void {
  const { endpoint, scenarios: message } = endpoints.ui;

  endpoint.on('LIST_SCENARIOS', Nothing, async (_content, connection) => {
    const { name } = tables.get(listenedTable(connection));
    return message([...(await tags.scenarios(name))], name);
  });

  // Older clients call it SEND_SCENARIO.
  for (const type of ['SAVE_SCENARIO', 'SEND_SCENARIO']) {
    endpoint.on(type, SaveScenario, async ({ name, description }, connection) => {
      assertWriter(options, connection.identity);
      await writer.changeScenarios(listenedTable(connection), (present, hash) =>
        withScenario(
          present,
          { name, description: description ?? '', hash, isInBin: false },
          options.scenariosPerTable,
        ),
      );
    });
  }

  endpoint.on('MODIFY_SCENARIO', ModifyScenario, async ({ name, isInBin }, connection) => {
    assertWriter(options, connection.identity);
    await writer.changeScenarios(listenedTable(connection), (present) => {
      const scenario = named(present, name);
      return present.map((other) => (other === scenario ? { ...other, isInBin } : other));
    });
  });

  endpoint.on('RESTORE_SCENARIO', ScenarioName, async ({ name }, connection) => {
    assertWriter(options, connection.identity);
    const table = listenedTable(connection);
    const { hash } = named(await tags.scenarios(tables.get(table).name), name);
    await writer.changeTo(table, hash);
  });
}

/** A new one comes last; one of the same name is replaced. When there are too many, the oldest in the bin goes. */
function withScenario(present: readonly Scenario[], scenario: Scenario, limit: number): Scenario[] {
  if (present.some(({ name }) => name === scenario.name)) {
    return present.map((other) => (other.name === scenario.name ? scenario : other));
  }
  if (present.length < limit) return [...present, scenario];
  const oldest = present.find(({ isInBin }) => isInBin);
  if (oldest !== undefined) return [...present.filter((other) => other !== oldest), scenario];
  throw new HubError(
    'too_many_scenarios',
    `the table has ${limit} scenarios, the most allowed, and none is in the bin`,
  );
}

/** @throws HubError `unknown_scenario`. */
function named(scenarios: readonly Scenario[], name: string): Scenario {
  const scenario = scenarios.find((other) => other.name === name);
  if (scenario !== undefined) return scenario;
  throw new HubError('unknown_scenario', `name: the table has no scenario ${JSON.stringify(name)}`, 404);
}
