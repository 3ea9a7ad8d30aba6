/** Scenarios: states of a table that were given a name. Each is a tag on a tree, so that saving one copies nothing. */
import { HubError } from '../../core/index.ts';
import { assertWriter } from './access.ts';
import type { CityIO } from './cityio.ts';
import { listenedTable } from './interface.ts';
import { ModifyScenario, Nothing, SaveScenario, ScenarioName } from './messages.ts';
import type { Scenario } from './repository.ts';

export function serveScenarios({ options, tables, endpoints, announcer }: CityIO): void {
  const { endpoint, scenarios: message } = endpoints.ui;
  const { repository } = tables;

  /** Writes the changed list, then shows it to everybody; `change` may refuse by throwing. */
  const update = (table: string, change: (present: readonly Scenario[], tree: string) => Scenario[]) =>
    tables.inOrder(table, async () => {
      const { name, tree } = tables.get(table);
      const changed = change(await repository.scenarios(name), tree);
      await repository.tagScenarios(name, changed);
      announcer.scenarios(name, changed);
    });

  endpoint.on('LIST_SCENARIOS', Nothing, async (_content, connection) => {
    const { name } = tables.get(listenedTable(connection));
    return message([...(await repository.scenarios(name))], name);
  });

  // Older clients call it SEND_SCENARIO.
  for (const type of ['SAVE_SCENARIO', 'SEND_SCENARIO']) {
    endpoint.on(type, SaveScenario, ({ name, description }, connection) => {
      assertWriter(options, connection.identity);
      return update(listenedTable(connection), (present, hash) =>
        withScenario(
          present,
          { name, description: description ?? '', hash, isInBin: false },
          options.scenariosPerTable,
        ),
      );
    });
  }

  endpoint.on('MODIFY_SCENARIO', ModifyScenario, ({ name, isInBin }, connection) => {
    assertWriter(options, connection.identity);
    return update(listenedTable(connection), (present) => {
      const scenario = named(present, name);
      return present.map((other) => (other === scenario ? { ...other, isInBin } : other));
    });
  });

  endpoint.on('RESTORE_SCENARIO', ScenarioName, async ({ name }, connection) => {
    assertWriter(options, connection.identity);
    const table = listenedTable(connection);
    const { hash } = named(await repository.scenarios(tables.get(table).name), name);
    await tables.changeTo(table, hash, (change) => announcer.changed(change, true));
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
