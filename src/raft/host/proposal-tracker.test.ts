import { describe, expect, test } from 'vitest';
import { ProposalTracker } from './proposal-tracker.ts';
import { replicaId } from './replica-id.ts';

const tracker = () =>
  new ProposalTracker<string>({ group: 1, outcomeWaitTicks: 3, leader: () => replicaId(2, 0) });
const id = (term: number, index: number) => ({ term, index });

describe('a proposal', () => {
  test('ends with what its entry came to', async () => {
    const proposals = tracker();
    const proposal = proposals.add(id(1, 5));
    proposals.applied(id(1, 4), 'other');
    proposals.applied(id(1, 5), 'mine');
    expect(await proposal).toBe('mine');
    expect(proposals.size).toBe(0);
  });

  test('is lost where another entry was committed in its place', async () => {
    const proposals = tracker();
    const proposal = proposals.add(id(1, 5));
    proposals.applied(id(2, 5), 'other');
    await expect(proposal).rejects.toMatchObject({ code: 'NOT_LEADER', leaderNode: 2 });
  });

  test('is lost where a newer term committed an entry before it', async () => {
    const proposals = tracker();
    const [before, at, behind] = [4, 5, 6].map((index) => proposals.add(id(1, index)));
    proposals.applied(id(1, 4), 'mine');
    proposals.applied(id(2, 5), 'other');
    expect(await before).toBe('mine');
    await expect(at).rejects.toMatchObject({ code: 'NOT_LEADER' });
    await expect(behind).rejects.toMatchObject({ code: 'NOT_LEADER' });
  });

  test('of a newer term is not concerned by what an older one commits', async () => {
    const proposals = tracker();
    const proposal = proposals.add(id(3, 6));
    proposals.applied(id(2, 5), 'other');
    proposals.applied(id(3, 6), 'mine');
    expect(await proposal).toBe('mine');
  });

  test('is lost where an entry of an older term was committed in its place', async () => {
    // Its leader was cut off; another one, which never had the entry, brought an older one to a majority (thesis 3.6.2).
    const proposals = tracker();
    const proposal = proposals.add(id(3, 5));
    const behind = proposals.add(id(3, 6));
    proposals.applied(id(2, 5), 'older');
    await expect(proposal).rejects.toMatchObject({ code: 'NOT_LEADER', leaderNode: 2 });
    proposals.applied(id(4, 6), 'newer');
    await expect(behind).rejects.toMatchObject({ code: 'NOT_LEADER', leaderNode: 2 });
    expect(proposals.size).toBe(0);
  });

  test('of two terms at one index ends each in its own way', async () => {
    const proposals = tracker();
    const older = proposals.add(id(1, 5));
    const newer = proposals.add(id(2, 5));
    proposals.applied(id(2, 5), 'newer');
    await expect(older).rejects.toMatchObject({ code: 'NOT_LEADER' });
    expect(await newer).toBe('newer');
  });

  test('is unknown a while after its leader lost leadership, not before', async () => {
    const proposals = tracker();
    const proposal = proposals.add(id(1, 5));
    for (let tick = 0; tick < 10; tick += 1) proposals.tick();
    proposals.leadershipLost();
    proposals.tick();
    proposals.leadershipLost();
    proposals.tick();
    expect(proposals.size).toBe(1);
    const later = proposals.add(id(2, 6));
    proposals.tick();
    await expect(proposal).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    proposals.applied(id(2, 6), 'later');
    expect(await later).toBe('later');
  });

  test('is unknown where a snapshot took its place', async () => {
    const proposals = tracker();
    const [at, behind] = [5, 6].map((index) => proposals.add(id(1, index)));
    proposals.skipped(id(1, 5));
    await expect(at).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    proposals.applied(id(1, 6), 'mine');
    expect(await behind).toBe('mine');
  });

  test('is lost where a snapshot of a newer term ends before it', async () => {
    const proposals = tracker();
    const [at, behind] = [5, 6].map((index) => proposals.add(id(1, index)));
    proposals.skipped(id(2, 5));
    await expect(at).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await expect(behind).rejects.toMatchObject({ code: 'NOT_LEADER' });
  });

  test('is forgotten when its caller gives up', async () => {
    const proposals = tracker();
    const controller = new AbortController();
    const proposal = proposals.add(id(1, 5), controller.signal);
    controller.abort();
    await expect(proposal).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(proposals.size).toBe(0);
    const late = proposals.add(id(1, 6), controller.signal);
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(proposals.size).toBe(0);
  });

  test('is unknown when its node ends', async () => {
    const proposals = tracker();
    const proposal = proposals.add(id(1, 5));
    proposals.close('the node ends');
    await expect(proposal).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });
});
