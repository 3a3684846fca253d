import type { Count } from '../../model/scalar-types.ts';
import {
  type BlockSample,
  blockOf,
  type IothreadSample,
  iothreadOf,
  type MonitorSample,
  type NetSample,
  netOf,
  type StatsSample,
  type VcpuSample,
  vcpuOf,
} from './stats-sample.ts';

/** A value of a typed parameter as `src/libvirt` decodes it. */
export type ParamValue = number | bigint | boolean | string;

/** Stores one parameter's value into a sample. */
export type FieldSetter = (sample: StatsSample, value: ParamValue) => void;

/**
 * The typed parameters of virConnectGetAllDomainStats that become fields of a sample: the only place that
 * knows libvirt's parameter names. `*` stands for the number of the vCPU, disk, interface or IOThread.
 *
 * To add a metric: a field in `stats-sample.ts`, a line here, a field in `src/model`, a line in
 * `domain-builder.ts` and the column in `src/mib/tables`. A parameter without a line here still appears
 * by name in lveStatTable.
 */
const domainFields: Readonly<Record<string, FieldSetter>> = {
  'state.state': (s, v) => {
    s.state = small(v);
  },
  'state.reason': (s, v) => {
    s.reason = small(v);
  },
  'cpu.time': monitor((m, v) => {
    m.cpuTimeNs = count(v);
  }),
  'cpu.user': monitor((m, v) => {
    m.cpuUserNs = count(v);
  }),
  'cpu.system': monitor((m, v) => {
    m.cpuSystemNs = count(v);
  }),
  'cpu.haltpoll.success.time': monitor((m, v) => {
    m.haltPollSuccessNs = count(v);
  }),
  'cpu.haltpoll.fail.time': monitor((m, v) => {
    m.haltPollFailNs = count(v);
  }),
  'balloon.current': monitor((m, v) => {
    m.balloonCurrentKib = count(v);
  }),
  'balloon.maximum': monitor((m, v) => {
    m.balloonMaximumKib = count(v);
  }),
  'balloon.rss': monitor((m, v) => {
    m.balloonRssKib = count(v);
    m.complete = true;
  }),
  'balloon.available': monitor((m, v) => {
    m.balloonAvailableKib = count(v);
  }),
  'balloon.unused': monitor((m, v) => {
    m.balloonUnusedKib = count(v);
  }),
  'balloon.usable': monitor((m, v) => {
    m.balloonUsableKib = count(v);
  }),
  'balloon.disk_caches': monitor((m, v) => {
    m.balloonDiskCachesKib = count(v);
  }),
  'balloon.swap_in': monitor((m, v) => {
    m.balloonSwapInKib = count(v);
  }),
  'balloon.swap_out': monitor((m, v) => {
    m.balloonSwapOutKib = count(v);
  }),
  'balloon.major_fault': monitor((m, v) => {
    m.balloonMajorFaults = count(v);
  }),
  'balloon.minor_fault': monitor((m, v) => {
    m.balloonMinorFaults = count(v);
  }),
  'balloon.hugetlb_pgalloc': monitor((m, v) => {
    m.balloonHugePageAllocs = count(v);
  }),
  'balloon.hugetlb_pgfail': monitor((m, v) => {
    m.balloonHugePageFails = count(v);
  }),
  'balloon.last-update': monitor((m, v) => {
    m.balloonLastUpdateSec = count(v);
  }),
  'vcpu.current': monitor((m, v) => {
    m.vcpuCurrent = small(v);
  }),
  'vcpu.maximum': monitor((m, v) => {
    m.vcpuMaximum = small(v);
  }),
  'dirtyrate.calc_status': monitor((m, v) => {
    m.dirtyStatus = small(v);
  }),
  'dirtyrate.megabytes_per_second': monitor((m, v) => {
    m.dirtyRateMibs = small(v);
  }),
  'dirtyrate.calc_period': monitor((m, v) => {
    m.dirtyPeriodSec = small(v);
  }),
  'dirtyrate.calc_mode': monitor((m, v) => {
    m.dirtyMode = typeof v === 'string' ? v : undefined;
  }),
};

const vcpuFields: Readonly<Record<string, (vcpu: VcpuSample, value: ParamValue, m: MonitorSample) => void>> =
  {
    state: (c, v) => {
      c.state = small(v);
    },
    time: (c, v) => {
      c.timeNs = count(v);
    },
    wait: (c, v) => {
      c.waitNs = count(v);
    },
    delay: (c, v) => {
      c.delayNs = count(v);
    },
    halted: (c, v, m) => {
      c.halted = typeof v === 'boolean' ? v : undefined;
      m.complete = true;
    },
  };

const blockFields: Readonly<
  Record<string, (block: BlockSample, value: ParamValue, m: MonitorSample) => void>
> = {
  name: (b, v) => {
    b.name = typeof v === 'string' ? v : undefined;
  },
  path: (b, v) => {
    b.path = typeof v === 'string' ? v : undefined;
  },
  backingIndex: (b, v) => {
    b.backingIndex = small(v);
  },
  'rd.reqs': (b, v, m) => {
    b.readRequests = count(v);
    m.complete = true;
  },
  'rd.bytes': (b, v) => {
    b.readBytes = count(v);
  },
  'rd.times': (b, v) => {
    b.readTimeNs = count(v);
  },
  'wr.reqs': (b, v) => {
    b.writeRequests = count(v);
  },
  'wr.bytes': (b, v) => {
    b.writeBytes = count(v);
  },
  'wr.times': (b, v) => {
    b.writeTimeNs = count(v);
  },
  'fl.reqs': (b, v) => {
    b.flushRequests = count(v);
  },
  'fl.times': (b, v) => {
    b.flushTimeNs = count(v);
  },
  errors: (b, v) => {
    b.errors = count(v);
  },
  allocation: (b, v) => {
    b.allocationBytes = count(v);
  },
  capacity: (b, v) => {
    b.capacityBytes = count(v);
  },
  physical: (b, v) => {
    b.physicalBytes = count(v);
  },
  threshold: (b, v) => {
    b.thresholdBytes = count(v);
  },
};

const netFields: Readonly<Record<string, (net: NetSample, value: ParamValue) => void>> = {
  name: (n, v) => {
    n.name = typeof v === 'string' ? v : undefined;
  },
  'rx.bytes': (n, v) => {
    n.rxBytes = count(v);
  },
  'rx.pkts': (n, v) => {
    n.rxPackets = count(v);
  },
  'rx.errs': (n, v) => {
    n.rxErrors = count(v);
  },
  'rx.drop': (n, v) => {
    n.rxDrops = count(v);
  },
  'tx.bytes': (n, v) => {
    n.txBytes = count(v);
  },
  'tx.pkts': (n, v) => {
    n.txPackets = count(v);
  },
  'tx.errs': (n, v) => {
    n.txErrors = count(v);
  },
  'tx.drop': (n, v) => {
    n.txDrops = count(v);
  },
};

const iothreadFields: Readonly<Record<string, (thread: IothreadSample, value: ParamValue) => void>> = {
  'poll-max-ns': (t, v) => {
    t.pollMaxNs = count(v);
  },
  'poll-grow': (t, v) => {
    t.pollGrow = count(v);
  },
  'poll-shrink': (t, v) => {
    t.pollShrink = count(v);
  },
  'poll-weight': (t, v) => {
    t.pollWeight = count(v);
  },
};

/** Parameters that say nothing beyond what the entries themselves say. */
const ignoredNames = new Set(['net.count', 'block.count', 'iothread.count']);

/** Highest number of a vCPU, disk, interface or IOThread that gets fields; beyond, the name tells. */
const maxEntryNumber = 4095;

const numberedName = /^(vcpu|block|net|iothread)\.(\d{1,4})\.(.+)$/;

/** How a parameter is stored: by a setter, not at all, or (undefined) by name in lveStatTable. */
export type FieldRule = FieldSetter | 'ignore' | undefined;

/** The rule for a parameter name. Callers keep the result per interned name: this function is not for hot paths. */
export function fieldRule(name: string): FieldRule {
  if (ignoredNames.has(name)) return 'ignore';
  const direct = Object.hasOwn(domainFields, name) ? domainFields[name] : undefined;
  if (direct !== undefined) return direct;
  if (name.startsWith('perf.')) return perfSetter(name.slice('perf.'.length));
  const match = numberedName.exec(name);
  if (match === null) return undefined;
  const [, family, digits, field] = match;
  const number = Number(digits);
  if (field === undefined || number > maxEntryNumber) return undefined;
  switch (family) {
    case 'vcpu': {
      const set = own(vcpuFields, field);
      return set && ((s, v) => set(vcpuOf(s.monitor, number), v, s.monitor));
    }
    case 'block': {
      const set = own(blockFields, field);
      return set && ((s, v) => set(blockOf(s.monitor, number), v, s.monitor));
    }
    case 'net': {
      const set = own(netFields, field);
      return set && ((s, v) => set(netOf(s, number), v));
    }
    default: {
      const set = own(iothreadFields, field);
      return set && ((s, v) => set(iothreadOf(s.monitor, number), v));
    }
  }
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function monitor(set: (m: MonitorSample, value: ParamValue) => void): FieldSetter {
  return (sample, value) => set(sample.monitor, value);
}

function perfSetter(name: string): FieldSetter {
  return (sample, value) => {
    const counted = count(value);
    if (counted !== undefined) sample.perf.push({ name, value: counted });
  };
}

/** A non-negative integer of any width, else undefined. */
function count(value: ParamValue): Count | undefined {
  return (typeof value === 'number' || typeof value === 'bigint') && value >= 0 ? value : undefined;
}

/** A number that fits 32 bits by its nature (states, numbers of things). */
function small(value: ParamValue): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
