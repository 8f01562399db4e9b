import { rest } from './rest.ts';

interface ClusterInfo {
  readonly health: string;
  readonly members: readonly { readonly node_id: string; readonly status: string }[];
}

interface ClusterNode {
  readonly node_id: string;
  readonly replicas: number;
}

interface Target {
  readonly scrapeUrl: string;
  readonly health: string;
}

interface RuleGroups {
  readonly data: {
    readonly groups: readonly {
      readonly rules: readonly { readonly name: string; readonly state: string }[];
    }[];
  };
}

/** Whether all of `count` members are there and every shard has its replicas. */
export async function isGreen(url: string, count: number): Promise<boolean> {
  const { health, members } = await rest<ClusterInfo>(`${url}/cluster/info`);
  const up = members.filter(({ status }) => status === 'up');
  if (health !== 'green' || up.length !== count)
    throw new Error(`health ${health}, ${up.length} of ${count} members up`);
  return true;
}

/** Replicas by node. */
export async function replicas(url: string): Promise<ReadonlyMap<string, number>> {
  const { nodes } = await rest<{ nodes: readonly ClusterNode[] }>(`${url}/cluster/nodes`);
  return new Map(nodes.map(({ node_id, replicas: count }) => [node_id, count]));
}

/** Addresses that Prometheus cannot scrape. */
export async function targetsDown(prometheus: string): Promise<readonly string[]> {
  const { data } = await rest<{ data: { activeTargets: readonly Target[] } }>(
    `${prometheus}/api/v1/targets?state=active`,
  );
  if (data.activeTargets.length === 0) return ['no target'];
  return data.activeTargets
    .filter(({ health }) => health !== 'up')
    .map(({ scrapeUrl }) => scrapeUrl);
}

/** Alerts by name, and the state of each (inactive, pending, firing). */
export async function alerts(prometheus: string): Promise<ReadonlyMap<string, string>> {
  const { data } = await rest<RuleGroups>(`${prometheus}/api/v1/rules`);
  return new Map(data.groups.flatMap(({ rules }) => rules).map(({ name, state }) => [name, state]));
}
