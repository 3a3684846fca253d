import { describe, expect, it } from 'vitest';
import { describeEvent } from '../../../src/events/describe-event.ts';
import { lifecycleBetween, lifecycleOf } from '../../../src/events/lifecycle.ts';
import type { LibvirtEvent } from '../../../src/libvirt/events.ts';
import { paramNames } from '../../../src/libvirt/param-names.ts';
import type { ParamValue, TypedParams } from '../../../src/libvirt/typed-params.ts';

const domain = { name: 'web', uuid: '11111111-1111-1111-1111-111111111111', id: 3 };
const pool = { name: 'images', uuid: '22222222-2222-2222-2222-222222222222' };

function params(values: Readonly<Record<string, ParamValue>>): TypedParams {
  const entries = Object.entries(values);
  return {
    names: entries.map(([name]) => paramNames.intern(name)),
    types: new Uint8Array(entries.length),
    values: entries.map(([, value]) => value),
  };
}

describe('lifecycle events', () => {
  it.each([
    [0, 0, 'defined/added', undefined],
    [1, 1, 'undefined/renamed', undefined],
    [2, 1, 'started/migrated', 'running/2'],
    [2, 5, 'started/recreated', 'running/1'],
    [3, 2, 'suspended/ioerror', 'paused/5'],
    [3, 6, 'suspended/api_error', 'paused/14'],
    [3, 8, 'suspended/postcopy_failed', 'paused/13'],
    [3, 9, 'suspended/guest_shutdown', 'paused/8'],
    [4, 4, 'resumed/postcopy_failed', 'running/11'],
    [5, 3, 'stopped/migrated', 'shutoff/4'],
    [5, 7, 'stopped/recreated', 'shutoff/2'],
    [6, 2, 'shutdown/host', 'shutdown/0'],
    [7, 1, 'pmsuspended/disk', 'pmsuspended/0'],
    [8, 0, 'crashed/panicked', 'crashed/1'],
    [8, 1, 'crashed/crashloaded', undefined],
    [5, 42, 'stopped/42', 'shutoff/0'],
    [9, 1, 'lifecycle/9', undefined],
  ])('%i/%i is %s and leads to %s', (event, detail, name, state) => {
    const lifecycle = lifecycleOf(event, detail);
    expect(lifecycle.name).toBe(name);
    expect(lifecycle.implied && `${lifecycle.implied.state}/${lifecycle.implied.reason}`).toBe(state);
  });

  it.each([
    ['shutoff', 'running', 'booted', 'started/booted'],
    ['paused', 'running', 'unpaused', 'resumed/unpaused'],
    ['paused', 'running', 'save_canceled', 'resumed'],
    ['running', 'paused', 'ioerror', 'suspended/ioerror'],
    ['running', 'shutoff', 'crashed', 'stopped/crashed'],
    ['running', 'crashed', 'panicked', 'crashed/panicked'],
    ['running', 'other', '77', 'state/other'],
  ] as const)('from %s to %s (%s) it would have been %s', (from, to, reason, name) => {
    expect(lifecycleBetween(from, to, reason).name).toBe(name);
  });
});

describe('describeEvent', () => {
  const cases: readonly (readonly [LibvirtEvent, string, string, number])[] = [
    [{ type: 'reboot', domain }, 'reboot', 'the guest rebooted', 0],
    [{ type: 'rtcChange', domain, offsetSec: 3600 }, 'rtcChange', "the guest's clock is 3600 s from UTC", 0],
    [{ type: 'watchdog', domain, action: 2 }, 'watchdog/reset', 'the watchdog expired; action: reset', 2],
    [
      { type: 'ioErrorReason', domain, path: '/a.img', alias: 'virtio-disk0', action: 1, reason: 'enospc' },
      'ioErrorReason/pause',
      'I/O error on /a.img (virtio-disk0): no space; action: pause',
      1,
    ],
    [
      { type: 'blockJob', domain, path: undefined, dst: 'vda', jobType: 2, status: 3 },
      'blockJob2/ready',
      'block job copy on vda ready',
      3,
    ],
    [
      { type: 'diskChange', domain, oldPath: '/a.iso', newPath: undefined, alias: 'ide0-0-0', reason: 0 },
      'diskChange/missing_on_start',
      'source of ide0-0-0 changed from /a.iso to none',
      0,
    ],
    [{ type: 'trayChange', domain, alias: 'ide0', reason: 0 }, 'trayChange/open', 'tray of ide0: open', 0],
    [{ type: 'balloonChange', domain, actual: 65_536 }, 'balloonChange', 'memory balloon: 65536 KiB', 0],
    [{ type: 'deviceRemoved', domain, alias: 'net1' }, 'deviceRemoved', 'device net1 removed', 0],
    [{ type: 'migrationIteration', domain, iteration: 4 }, 'migrationIteration', 'migration iteration 4', 4],
    [
      { type: 'memoryFailure', domain, recipient: 0, action: 2, flags: 2 },
      'memoryFailure/fatal',
      'uncorrected memory error in the hypervisor, while an earlier one was handled; action: fatal',
      2,
    ],
    [
      {
        type: 'nicMacChange',
        domain,
        alias: 'net0',
        oldMac: '52:54:00:00:00:01',
        newMac: '52:54:00:00:00:02',
      },
      'nicMacChange',
      'MAC address of net0 changed from 52:54:00:00:00:01 to 52:54:00:00:00:02',
      0,
    ],
    [
      { type: 'networkLifecycle', network: pool, event: 3, detail: 0 },
      'networkState/stopped',
      'network images stopped',
      3,
    ],
    [{ type: 'unknown', procedure: 4711 }, 'unknown', 'message 4711 of a newer libvirt', 0],
    [
      { type: 'tunable', domain, params: params({ 'cputune.vcpupin0': '0-1' }) },
      'tunable',
      'limits changed: cputune.vcpupin0=0-1',
      0,
    ],
    [{ type: 'watchdog', domain, action: 99 }, 'watchdog/99', 'the watchdog expired; action: 99', 99],
  ];

  it.each(cases)('%o', (event, name, text, detail) => {
    expect(describeEvent(event)).toMatchObject({ name, text, detail });
  });

  it('leaves out what libvirt sends twice', () => {
    expect(describeEvent({ type: 'ioError', domain, path: '/a', alias: 'x', action: 1 })).toBeUndefined();
    expect(
      describeEvent({ type: 'blockJob', domain, path: '/a', dst: undefined, jobType: 1, status: 0 }),
    ).toBeUndefined();
  });

  it('tells of the guest agent', () => {
    expect(describeEvent({ type: 'agentLifecycle', domain, state: 1, reason: 2 })).toEqual({
      kind: 'agentLifecycle',
      detail: 1,
      name: 'agentLifecycle/connected',
      text: 'guest agent connected: the channel changed',
      subject: { type: 'domain', name: 'web', uuid: domain.uuid },
      effect: { type: 'agent', state: 'connected' },
    });
    expect(describeEvent({ type: 'agentLifecycle', domain, state: 7, reason: 0 })?.effect).toBeUndefined();
  });

  it('tells of jobs with what libvirt says about them', () => {
    const event = describeEvent({
      type: 'jobCompleted',
      domain,
      params: params({ operation: 5, time_elapsed: 1500n, success: false, errmsg: 'cancelled by client' }),
    });
    expect(event).toMatchObject({
      name: 'jobCompleted/failed',
      text: 'job migrationOut failed after 1500 ms: cancelled by client',
      effect: {
        type: 'job',
        operation: 'migrationOut',
        success: false,
        elapsedMs: 1500n,
        errorText: 'cancelled by client',
      },
    });
    expect(describeEvent({ type: 'jobCompleted', domain, params: params({ operation: 99 }) })).toMatchObject({
      name: 'jobCompleted/completed',
      effect: { operation: 'other', success: true, elapsedMs: undefined },
    });
  });

  it('takes the message of a failed job for its failure', () => {
    expect(
      describeEvent({ type: 'jobCompleted', domain, params: params({ operation: 2, errmsg: 'no space' }) }),
    ).toMatchObject({ name: 'jobCompleted/failed', effect: { operation: 'save', success: false } });
  });

  it('tells which disk exceeded its threshold, also for an image of its chain', () => {
    expect(
      describeEvent({
        type: 'blockThreshold',
        domain,
        dev: 'vda[3]',
        path: '/b',
        threshold: 10,
        excess: 2n ** 60n,
      }),
    ).toMatchObject({ effect: { target: 'vda', source: '/b', thresholdBytes: 10, excessBytes: 2n ** 60n } });
  });

  it('knows which pool events change the state of the pool', () => {
    const effects = [0, 1, 2, 3, 4, 5, 6].map(
      (event) => describeEvent({ type: 'storagePoolLifecycle', pool, event, detail: 0 })?.effect,
    );
    expect(effects.map((effect) => (effect?.type === 'poolState' ? effect.state : undefined))).toEqual([
      undefined,
      undefined,
      'running',
      'inactive',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
