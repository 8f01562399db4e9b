import { Command } from 'commander';

import type { CliContext } from '../cli-context.ts';
import { type Session, withSession } from '../session.ts';
import { clusterText, movesText, nodesTable, shardsTable } from '../terminal/cluster-text.ts';
import { enumText } from '../terminal/explanation.ts';
import { tellResult } from './tell-result.ts';
import { watchMoves } from './watch-moves.ts';

const EXAMPLES = `
Examples:
  $ grape cluster
  $ grape cluster nodes
  $ grape cluster shards --json | jq '.[] | select(.primary == "node-1")'
  $ grape cluster join node-4 --watch
  $ grape cluster leave node-3 --watch
  $ grape cluster rebalance --watch`;

interface ChangeOptions {
  readonly cancel?: boolean;
  readonly watch?: boolean;
}

/** `grape cluster`: tells how the cluster is, takes nodes in, lets them go, evens out what they have. */
export function clusterCommand(context: CliContext): Command {
  const command = new Command('cluster').description(
    'tell how the cluster is, take nodes in, let them go, even out what they have',
  );
  for (const child of [infoCommand, nodesCommand, shardsCommand, statusCommand]) {
    command.addCommand(child(context), { isDefault: child === infoCommand });
  }
  for (const child of [joinCommand, leaveCommand, rebalanceCommand]) {
    command.addCommand(child(context));
  }
  return command.addHelpText('after', EXAMPLES);
}

/** Writes JSON, or a text for people as wide as the terminal. */
async function tell(
  context: CliContext,
  session: Session,
  json: unknown,
  text: (columns: number | undefined) => string,
): Promise<void> {
  const isJson = session.options.json === true;
  await context.stdout.write(
    isJson ? `${JSON.stringify(json, withoutMarks)}\n` : text(context.stdout.columns),
  );
}

/** Leaves out what the reader of messages adds: `_leader` beside an optional `leader`. */
const withoutMarks = (key: string, value: unknown): unknown =>
  key.startsWith('_') ? undefined : value;

function infoCommand(context: CliContext): Command {
  return (
    new Command('info')
      .description('tell members, leader and health')
      // It is the default, and gets what is no other command.
      .argument('[unknown]')
      .usage('[options]')
      .action((unknown: string | undefined, _options: object, command: Command) => {
        if (unknown !== undefined) command.error(`error: unknown command '${unknown}'`);
        return withSession(context, command, async (session) => {
          const info = await session.call('Cluster.Info', {});
          await tell(context, session, info, (columns) => clusterText(info, columns));
        });
      })
  );
}

function nodesCommand(context: CliContext): Command {
  return new Command('nodes')
    .description('tell how each node is')
    .action((_options: object, command: Command) =>
      withSession(context, command, async (session) => {
        const { nodes } = await session.call('Cluster.Nodes', {});
        await tell(context, session, nodes, (columns) => nodesTable(nodes, columns));
      }),
    );
}

function shardsCommand(context: CliContext): Command {
  return new Command('shards')
    .description('tell where each shard is, and which node leads it')
    .action((_options: object, command: Command) =>
      withSession(context, command, async (session) => {
        const { shards } = await session.call('Cluster.Shards', {});
        await tell(context, session, shards, (columns) => shardsTable(shards, columns));
      }),
    );
}

const WATCH = ['--watch', 'show the moves, until nothing moves any more'] as const;

function statusCommand(context: CliContext): Command {
  return new Command('status')
    .description('tell what moves, and how evenly replicas and leaders are spread')
    .option(...WATCH)
    .action((options: ChangeOptions, command: Command) =>
      withSession(context, command, async (session) => {
        if (options.watch === true) await watchMoves(context, session);
        const migration = await session.call('Cluster.MigrationStatus', {});
        const rebalance = await session.call('Cluster.RebalanceStatus', {});
        await tell(context, session, { migration, rebalance }, (columns) =>
          movesText(migration, rebalance, columns),
        );
      }),
    );
}

function joinCommand(context: CliContext): Command {
  return new Command('join')
    .description('move a share of the replicas to a node, which joins by itself when it starts')
    .argument('<node-id>')
    .argument('[address]', 'one of its addresses, as a check', '')
    .option(...WATCH)
    .action((nodeId: string, address: string, options: ChangeOptions, command: Command) =>
      withSession(context, command, async (session) => {
        const joined = await session.call('Cluster.Join', { nodeId, address });
        const text = `${joined.nodeId} is in the cluster${joined.rebalancing ? '; replicas move to it' : ''}`;
        await tellResult(context, session, text, joined);
        if (options.watch === true) await watchMoves(context, session);
      }),
    );
}

function leaveCommand(context: CliContext): Command {
  return new Command('leave')
    .description('have a node give its replicas up and go')
    .argument('<node-id>')
    .option('--cancel', 'keep the node after all')
    .option(...WATCH)
    .action((nodeId: string, options: ChangeOptions, command: Command) =>
      withSession(context, command, async (session) => {
        const cancel = options.cancel ?? false;
        const left = await session.call('Cluster.Leave', { nodeId, cancel });
        const state = enumText(left.state, 'MEMBER_STATE_');
        const text = `${left.nodeId} is ${state === 'member' ? 'a member' : state}, with ${left.replicasLeft} replicas${cancel ? '' : ' to give up'}`;
        await tellResult(context, session, text, left);
        if (options.watch === true) await watchMoves(context, session);
      }),
    );
}

function rebalanceCommand(context: CliContext): Command {
  return new Command('rebalance')
    .description('even out how many replicas nodes have')
    .option('--cancel', 'begin no further moves')
    .option(...WATCH)
    .action((options: ChangeOptions, command: Command) =>
      withSession(context, command, async (session) => {
        const status = await session.call('Cluster.Rebalance', { cancel: options.cancel ?? false });
        const text = status.rebalancing
          ? 'replicas are being evened out'
          : 'no further moves begin';
        await tellResult(context, session, text, { rebalancing: status.rebalancing });
        if (options.watch === true) await watchMoves(context, session);
      }),
    );
}
