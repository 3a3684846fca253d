import { expect, test } from 'vitest';
import { statusText } from '../../src/status-text.ts';
import {
  sampleDomain,
  sampleEmptySnapshot,
  sampleGoneDomain,
  sampleInactiveDomain,
} from '../support/sample-snapshot.ts';

const domains = [
  sampleDomain({ index: 1 }),
  sampleInactiveDomain({ index: 2 }),
  sampleGoneDomain({ index: 3 }),
];
const agent = sampleEmptySnapshot().agent;
const snapshot = (connState: typeof agent.connState) =>
  sampleEmptySnapshot({ agent: { ...agent, connState }, domains });

test('tells of both peers and of domains that exist', () => {
  expect(statusText([snapshot('connected')], 'registered')).toBe(
    'libvirt is connected; 1 of 2 domains run; snmpd is connected',
  );
  expect(statusText([snapshot('authenticationFailed')], 'connecting')).toBe(
    'libvirt refuses this user; 1 of 2 domains ran when last seen; snmpd is not connected',
  );
});

test('says nothing of a master where there is none', () => {
  expect(statusText([snapshot('connected')], undefined)).toBe('libvirt is connected; 1 of 2 domains run');
});

test('counts no domains while libvirt has never told of any', () => {
  const { agent: never } = snapshot('connecting');
  expect(statusText([sampleEmptySnapshot({ agent: never, domains: [] })], 'registered')).toBe(
    'connecting to libvirt; snmpd is connected',
  );
});

test('counts hypervisors where there are several', () => {
  const snapshots = [snapshot('connected'), snapshot('notResponding'), snapshot('connected')];
  expect(statusText(snapshots, 'registered')).toBe(
    '2 of 3 hypervisors are connected; 3 of 6 domains ran when last seen; snmpd is connected',
  );
});
