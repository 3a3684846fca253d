import type { Count, Percent } from '../../../model/scalar-types.ts';
import { NumberedFigures, slots } from '../figures.ts';

export const vcpuSlots = slots('state', 'timeNs', 'waitNs', 'delayNs', 'halted', 'percent');

/** The parameters `vcpu.N.` */
export class VcpuSample extends NumberedFigures {
  get stateCode(): number | undefined {
    return this.small(vcpuSlots.state);
  }

  get timeNs(): Count | undefined {
    return this.count(vcpuSlots.timeNs);
  }

  get waitNs(): Count | undefined {
    return this.count(vcpuSlots.waitNs);
  }

  get delayNs(): Count | undefined {
    return this.count(vcpuSlots.delayNs);
  }

  get halted(): boolean | undefined {
    return this.flag(vcpuSlots.halted);
  }

  /** Share of one host CPU since the reading before; see {@link noteRates}. */
  get percent(): Percent | undefined {
    return this.small(vcpuSlots.percent);
  }

  notePercent(percent: Percent): void {
    this.note(vcpuSlots.percent, percent);
  }
}
