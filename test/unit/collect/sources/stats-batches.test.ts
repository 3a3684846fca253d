import { expect, it } from 'vitest';
import { makeBatches } from '../../../../src/collect/sources/stats-batches.ts';
import { parseDomainXml } from '../../../../src/definition/domain-definition.ts';
import { statsGroups } from '../../../../src/libvirt-enums/flags.ts';
import { activeRecord } from '../collector-pass.ts';

function record(name: string, active: boolean, diskType: string) {
  const made = activeRecord(name);
  made.active = active;
  const xml = `<domain><devices><disk type='${diskType}'><target dev='vda'/></disk></devices></domain>`;
  const { disks, spec } = parseDomainXml(xml);
  made.definition = {
    spec: { ...spec, hash: undefined, lastChangeAt: undefined, pendingChange: undefined },
    disks,
    nics: [],
    nova: undefined,
    labels: [],
    xmlChunks: [],
    agentChannel: undefined,
  };
  return made;
}

it('does not ask for the disks of a domain that is off and has one made of a directory', () => {
  const groups = statsGroups.state | statsGroups.block;
  const records = [record('on', true, 'dir'), record('off', false, 'dir'), record('file', false, 'file')];
  const batches = makeBatches(records, {
    groups,
    idleGroupsIntervalSec: 60,
    batchSize: 20,
    callsInFlight: 1,
    monitor: true,
  });
  const asked = batches.map((batch) => [batch.records.map(({ name }) => name), batch.groups]);
  expect(asked).toEqual([
    [['on', 'file'], groups],
    [['off'], statsGroups.state],
  ]);
});
