import { describe, expect, test } from 'vitest';
import type { Config } from '../config/config-schema.ts';
import { loadConfig } from '../config/load-config.ts';
import { readMachine } from '../config/machine.ts';
import { formationSettings } from './formation-settings.ts';

function configOf(...argv: string[]): Config {
  const loaded = loadConfig({ argv, env: {}, readFile: () => '', machine: readMachine() });
  if (loaded.command !== 'run') throw new Error('settings were refused');
  return loaded.config;
}

describe('how a node finds its cluster', () => {
  test('a node that is no cluster’s founds one of its own', () => {
    const { initialPeers, joinCluster, self } = formationSettings(configOf());
    expect(joinCluster).toBe(false);
    expect(initialPeers).toEqual([{ nodeId: self.nodeId, address: self.raftAddress }]);
  });

  test('names and addresses come from the settings', () => {
    const settings = formationSettings(
      configOf(
        '--cluster.enabled=true',
        '--cluster.cluster_token=secret',
        '--cluster.node_id=node-2',
        '--cluster.node_address=grape-node-2:6334',
        '--cluster.join_cluster=true',
        '--cluster.seed_nodes=node-1@grape-node-1:7000',
        '--cluster.zone=b',
      ),
    );
    expect(settings).toEqual({
      self: {
        nodeId: 'node-2',
        raftAddress: 'grape-node-2:7000',
        grpcAddress: 'grape-node-2:6334',
        restAddress: 'grape-node-2:6333',
        zone: 'b',
      },
      initialPeers: [],
      joinCluster: true,
      seedNodes: [{ nodeId: 'node-1', address: 'grape-node-1:7000' }],
    });
  });

  test('a seed that is no address is refused by the name of its setting', () => {
    const config = configOf(
      '--cluster.enabled=true',
      '--cluster.cluster_token=secret',
      '--cluster.node_id=n',
      '--cluster.join_cluster=true',
      '--cluster.seed_nodes=a@b:1',
    );
    const wrong = { ...config, cluster: { ...config.cluster, seedNodes: ['nonsense'] } };
    expect(() => formationSettings(wrong)).toThrow(
      expect.objectContaining({ field: 'cluster.seed_nodes[0]' }),
    );
  });
});
