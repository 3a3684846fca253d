import { describe, expect, it } from 'vitest';
import { NotCalledError } from '../../../src/collect/access/call-gate.ts';
import { CollectorBoard } from '../../../src/collect/collector-board.ts';
import { type PassBase, Refresher } from '../../../src/collect/refresher.ts';
import type { ActiveCollector, CollectorPass } from '../../../src/collect/sources/collector.ts';
import { ConnectionLostError } from '../../../src/errors.ts';
import type { LibvirtEvent } from '../../../src/libvirt/events.ts';
import { LibvirtError } from '../../../src/libvirt/libvirt-error.ts';
import { virErrors } from '../../../src/libvirt-enums/error-code.ts';
import type { Agent } from '../../../src/model/agent.ts';
import { recordingLogger } from '../../support/recording-logger.ts';
import { activeRecord } from './collector-pass.ts';

/** A collector that notes its runs in a list of all: `name`, or `name(uuid ...)` for some domains only. */
function noting(
  runs: string[],
  parts: Pick<ActiveCollector, 'name' | 'stage'> & Partial<ActiveCollector>,
  work: (pass: CollectorPass) => void | Promise<void> = () => undefined,
): ActiveCollector {
  return {
    id: 'inventory',
    also: [],
    intervalSec: 3600,
    ...parts,
    collect: async (pass) => {
      runs.push(pass.only === undefined ? parts.name : `${parts.name}(${[...pass.only].join(' ')})`);
      await work(pass);
    },
  };
}

function rigOf(collectors: readonly ActiveCollector[], intervalSec = 3600) {
  const board = new CollectorBoard();
  const published: Partial<Agent>[] = [];
  const { logger, lines } = recordingLogger();
  const publisher = {
    publish: (agent: Partial<Agent> = {}) => {
      published.push(agent);
      return Promise.resolve();
    },
  };
  const refresher = new Refresher({ intervalSec, collectors, board, publisher, logger });
  const gate = { saturated: false, isHeld: (_uuid: string) => false };
  const stop = new AbortController();
  const stale: string[] = [];
  const domains = { markStale: () => void stale.push('all') };
  const base = { libvirt: { gate }, domains, signal: stop.signal } as unknown as PassBase;
  return { refresher, board, published, lines, base, stop, gate, stale };
}

function lifecycle(uuid: string): LibvirtEvent {
  return { type: 'lifecycle', event: 2, detail: 0, domain: { name: 'd', uuid, id: 1 } };
}

/** Lets the refresher run until a condition holds, then stops it. */
async function runUntil(rig: ReturnType<typeof rigOf>, condition: () => boolean): Promise<void> {
  const running = rig.refresher.run(rig.base);
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
  rig.stop.abort();
  await running;
  await rig.refresher.settled();
}

describe('Refresher', () => {
  it('refreshes in the order of the stages, and publishes once the refresh is complete', async () => {
    const runs: string[] = [];
    const rig = rigOf([
      noting(runs, { name: 'stats', stage: 'refresh' }),
      noting(runs, { name: 'slow', stage: 'background' }, () => {
        expect(rig.published).toMatchObject([{ refreshCount: 1, refreshErrors: 0 }]);
      }),
      noting(runs, { name: 'list', stage: 'opening' }),
      noting(runs, { name: 'host', stage: 'beside' }),
    ]);
    await rig.refresher.once(rig.base);
    expect(runs).toEqual(['list', 'stats', 'host', 'slow']);
  });

  it('runs what is beside a refresh only when its own interval has passed', async () => {
    const runs: string[] = [];
    const rig = rigOf(
      [
        noting(runs, { name: 'list', stage: 'opening' }),
        noting(runs, { name: 'each', stage: 'beside', intervalSec: 0 }),
        noting(runs, { name: 'rare', stage: 'beside', intervalSec: 3600 }),
      ],
      0.005,
    );
    await runUntil(rig, () => runs.filter((name) => name === 'each').length >= 3);
    expect(runs.filter((name) => name === 'rare')).toEqual(['rare']);
  });

  it('does without a refresh whose opening fails, and counts the error', async () => {
    const runs: string[] = [];
    const rig = rigOf([
      noting(runs, { name: 'list', stage: 'opening' }, () => {
        throw new Error('no list');
      }),
      noting(runs, { name: 'stats', stage: 'refresh' }),
    ]);
    await rig.refresher.once(rig.base);
    expect(runs).toEqual(['list']);
    expect(rig.published[0]).toEqual({ refreshErrors: 1 });
    expect(rig.stale).toEqual(['all']);
    expect(rig.board.rows.find(({ id }) => id === 'inventory')).toMatchObject({
      errors: 1,
      lastError: 'no list',
    });
    expect(rig.lines).toMatchObject([{ level: 'warn', collector: 'list', error: 'no list' }]);
  });

  it('refreshes a domain early that an event announced, and those found to have changed', async () => {
    const runs: string[] = [];
    const started = activeRecord('started');
    let lists = 0;
    const rig = rigOf([
      noting(runs, { name: 'list', stage: 'opening' }, (pass) => {
        lists += 1;
        if (lists === 2) pass.changed(started);
      }),
      noting(runs, { name: 'stats', stage: 'refresh' }),
      noting(runs, { name: 'xml', stage: 'background', perDomain: true, promptedBy: ['lifecycle'] }),
    ]);
    const running = runUntil(rig, () => runs.includes('xml(uuid-poked uuid-started)'));
    while (!runs.includes('xml')) await new Promise((resolve) => setTimeout(resolve, 1));
    rig.refresher.prompt(lifecycle('uuid-poked'));
    rig.refresher.poke('uuid-poked');
    await running;
    expect(runs).toEqual([
      'list',
      'stats',
      'xml',
      'list',
      'stats(uuid-poked uuid-started)',
      'xml(uuid-poked uuid-started)',
    ]);
  });

  it('knows the disks of the domains before it asks for more about them, when it looks once', async () => {
    const runs: string[] = [];
    const rig = rigOf([
      noting(runs, { name: 'list', stage: 'opening' }, (pass) => pass.changed(activeRecord('new'))),
      noting(runs, { name: 'xml', stage: 'background', perDomain: true }, async (pass) => {
        if (pass.only === undefined) return;
        // Longer than the first snapshot waits for.
        await new Promise((resolve) => setTimeout(resolve, 500));
        runs.push('disks known');
      }),
      noting(runs, { name: 'block jobs', stage: 'background' }),
    ]);
    await rig.refresher.once(rig.base);
    expect(runs).toEqual(['list', 'xml(uuid-new)', 'disks known', 'xml', 'block jobs']);
  });

  it('has a collector read a domain alone without taking the turn of the others', async () => {
    const runs: string[] = [];
    const appeared = activeRecord('new');
    const rig = rigOf([
      noting(runs, { name: 'list', stage: 'opening' }, (pass) => pass.changed(appeared)),
      noting(runs, { name: 'xml', stage: 'background', perDomain: true }),
    ]);
    await rig.refresher.once(rig.base);
    expect(runs).toEqual(['list', 'xml(uuid-new)', 'xml']);
  });

  it('asks again for a domain that could not be asked, once it may be', async () => {
    const runs: string[] = [];
    const hung = activeRecord('hung');
    let held = true;
    const rig = rigOf(
      [
        noting(runs, { name: 'list', stage: 'opening' }),
        noting(runs, { name: 'xml', stage: 'background', perDomain: true }, (pass) => {
          if (held) pass.postpone(hung);
        }),
      ],
      0.005,
    );
    rig.gate.isHeld = () => held;
    const running = runUntil(rig, () => runs.includes('xml(uuid-hung)'));
    while (runs.filter((name) => name === 'list').length < 3) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(runs.filter((name) => name.startsWith('xml'))).toEqual(['xml']);
    held = false;
    await running;
    expect(runs.filter((name) => name.startsWith('xml'))).toEqual(['xml', 'xml(uuid-hung)']);
  });

  it('runs a background collector out of turn after its event, and never twice at once', async () => {
    const runs: string[] = [];
    let release: () => void = () => undefined;
    const rig = rigOf([
      noting(runs, { name: 'pools', stage: 'background', promptedBy: ['storagePoolRefresh'] }, async () => {
        if (runs.length === 1) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
      }),
    ]);
    const pool = { name: 'p', uuid: 'u' };
    const running = runUntil(rig, () => runs.length === 2);
    while (runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    rig.refresher.prompt({ type: 'storagePoolRefresh', pool });
    rig.refresher.prompt({ type: 'networkLifecycle', network: pool, event: 0, detail: 0 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(runs).toEqual(['pools']);
    release();
    await running;
    expect(runs).toEqual(['pools', 'pools']);
  });

  it('says nothing aloud, and counts nothing, of a domain that vanished between two calls', async () => {
    const vanished = (virCode: number) =>
      new LibvirtError({ virCode, virDomain: 10, level: 2, procedure: 'domainGetControlInfo' }, 'not found');
    const rig = rigOf([
      noting([], { name: 'stats', stage: 'refresh' }, (pass) => {
        pass.failed(vanished(virErrors.noDomain), 'guest');
        pass.failed(vanished(virErrors.noStoragePool), 'pool');
        pass.failed(vanished(virErrors.noDomainSnapshot), 'snapshot');
      }),
    ]);
    await rig.refresher.once(rig.base);
    expect(rig.lines).toEqual([]);
    expect(rig.published[0]).toMatchObject({ refreshErrors: 0 });
    expect(rig.board.rows.find(({ id }) => id === 'inventory')).toMatchObject({ errors: 0, lastError: '' });
  });

  it('complains once of what fails again and again', async () => {
    const rig = rigOf([
      noting([], { name: 'stats', stage: 'refresh' }, (pass) => {
        pass.failed(new Error('no answer'), 'a');
        pass.failed(new Error('no answer'), 'b');
      }),
    ]);
    await rig.refresher.once(rig.base);
    await rig.refresher.once(rig.base);
    expect(rig.lines).toHaveLength(1);
    expect(rig.board.rows.find(({ id }) => id === 'inventory')).toMatchObject({ errors: 4 });
  });

  describe('whether a source is supported', () => {
    const refusal = (message = 'no') =>
      new LibvirtError(
        { virCode: virErrors.operationUnsupported, virDomain: 10, level: 2, procedure: 'p' },
        message,
      );
    /** The support after each of some runs. */
    async function supportAfter(...works: readonly ((pass: CollectorPass) => void)[]): Promise<string[]> {
      let turn = 0;
      const rig = rigOf([noting([], { name: 'stats', stage: 'refresh' }, (pass) => works[turn]?.(pass))]);
      const seen: string[] = [];
      for (turn = 0; turn < works.length; turn += 1) {
        await rig.refresher.once(rig.base);
        seen.push(rig.board.rows.find(({ id }) => id === 'inventory')?.support ?? '');
      }
      return seen;
    }
    const nothing = (): void => undefined;

    it('is said anew by each run: what refused and is gone, or no longer refuses, is no hindrance', async () => {
      expect(
        await supportAfter(nothing, (pass) => pass.failed(refusal(), 'web vda', 'member'), nothing),
      ).toEqual(['supported', 'partial', 'supported']);
      expect(await supportAfter((pass) => pass.failed(refusal(), 'web'), nothing)).toEqual([
        'unsupported',
        'supported',
      ]);
      expect(await supportAfter((pass) => pass.limited('partial', 'old libvirt'), nothing)).toEqual([
        'partial',
        'supported',
      ]);
    });

    it('stands while what refused is spared, is refused again or could not be asked', async () => {
      const same = refusal('remembered');
      const refuse = (pass: CollectorPass) => pass.failed(same, 'web vda', 'member');
      expect(
        await supportAfter(
          nothing,
          refuse,
          refuse,
          (pass) => pass.spared('web vda'),
          (pass) => pass.spared(),
          (pass) => pass.failed(new NotCalledError('held'), 'web vda', 'member'),
          () => {
            throw new Error('ended early');
          },
          (pass) => pass.failed(new Error('no answer'), 'web vda', 'member'),
          (pass) => pass.spared('another'),
        ),
      ).toEqual(['supported', ...Array<string>(7).fill('partial'), 'supported']);
    });

    it('stands for a member while what it is part of is spared, fails or was not asked', async () => {
      const refuse = (pass: CollectorPass) => pass.failed(refusal(), 'web vda', 'member', ['web']);
      expect(
        await supportAfter(
          nothing,
          refuse,
          (pass) => pass.spared('web'),
          (pass) => pass.failed(new NotCalledError('held'), 'web'),
          (pass) => pass.failed(new Error('no answer'), 'web'),
          (pass) => pass.spared('web vda'),
          (pass) => pass.spared('web vdb'),
        ),
      ).toEqual(['supported', ...Array<string>(5).fill('partial'), 'supported']);
    });

    it('is partial where one domain refuses and another answers, in the first run as well', async () => {
      expect(
        await supportAfter((pass) => {
          pass.failed(refusal(), 'web');
          pass.answered(true);
        }),
      ).toEqual(['partial']);
    });

    it('stands for the whole session where the daemon has not what is asked for', async () => {
      const missing = new LibvirtError(
        { virCode: virErrors.noSupport, virDomain: 10, level: 2, procedure: 'p' },
        'not supported',
      );
      const runs: string[] = [];
      const rig = rigOf([
        noting(runs, { name: 'stats', stage: 'refresh' }, (pass) => {
          if (runs.length === 1) pass.failed(missing, 'web');
        }),
      ]);
      const support = () => rig.board.rows.find(({ id }) => id === 'inventory')?.support;
      await rig.refresher.once(rig.base);
      await rig.refresher.once(rig.base);
      expect(support()).toBe('unsupported');
      await runUntil(rig, () => runs.length > 2 && rig.published.length > 4);
      expect(support()).toBe('supported');
    });

    it('is none where no domain can be answered, though runs before had none to ask', async () => {
      expect(
        await supportAfter(nothing, (pass) => {
          pass.failed(refusal(), 'web');
          pass.answered(false);
        }),
      ).toEqual(['supported', 'unsupported']);
    });

    it('is partial where a collector says so, whatever it was refused, or another has the rest', async () => {
      expect(
        await supportAfter((pass) => {
          pass.failed(refusal(), 'web');
          pass.limited('partial', 'only states');
        }),
      ).toEqual(['partial']);
      const rig = rigOf([
        noting([], { name: 'messages', stage: 'refresh' }, (pass) => {
          pass.failed(refusal(), 'web');
          pass.answered(false);
        }),
        noting([], { name: 'list', stage: 'refresh' }),
      ]);
      await rig.refresher.once(rig.base);
      expect(rig.board.rows.find(({ id }) => id === 'inventory')?.support).toBe('partial');
    });

    it('is not said anew by a run for some domains', async () => {
      const runs: string[] = [];
      const rig = rigOf([
        noting(runs, { name: 'stats', stage: 'refresh' }, (pass) => {
          if (pass.only === undefined) pass.failed(refusal(), 'web', 'member');
        }),
      ]);
      await runUntil(rig, () => {
        if (runs.length === 1) rig.refresher.poke('uuid-other');
        return runs.length > 1 && rig.published.length > 1;
      });
      expect(runs[1]).toBe('stats(uuid-other)');
      expect(rig.board.rows.find(({ id }) => id === 'inventory')?.support).toBe('partial');
    });
  });

  it('ends when the connection is lost, and begins anew with the next', async () => {
    const runs: string[] = [];
    let lost = true;
    const rig = rigOf([
      noting(runs, { name: 'list', stage: 'opening' }),
      noting(runs, { name: 'rare', stage: 'beside' }),
      noting(runs, { name: 'stats', stage: 'refresh' }, () => {
        if (lost) throw new ConnectionLostError('gone');
      }),
    ]);
    await expect(rig.refresher.run(rig.base)).rejects.toThrow(ConnectionLostError);
    lost = false;
    await runUntil(rig, () => rig.published.length > 0);
    expect(runs.filter((name) => name === 'rare')).toEqual(['rare', 'rare']);
  });

  it('shows further rows that the runs of a collector bring', async () => {
    const rig = rigOf([
      noting([], { name: 'stats', stage: 'refresh', id: 'domainStats', also: ['perf'], intervalSec: 30 }),
    ]);
    await rig.refresher.once(rig.base);
    const row = (wanted: string) => rig.board.rows.find(({ id }) => id === wanted);
    expect(row('domainStats')).toMatchObject({ enabled: true, intervalSec: 30, runs: 1 });
    expect(row('perf')).toMatchObject({ enabled: true, intervalSec: 30, runs: 1 });
    expect(row('raw')).toMatchObject({ enabled: false, runs: 0 });
  });
});
