import type { Count } from '../../../model/scalar-types.ts';
import type { Vcpu, VcpuPin } from '../../../model/vcpu.ts';
import { nsToUs } from '../../decode/arithmetic.ts';
import { VcpuSample } from '../../decode/samples/vcpu-sample.ts';
import type { RuntimeFacts } from '../domain-record.ts';

const states = ['offline', 'running', 'blocked'] as const;

/** A vCPU of an active domain. */
export class VcpuRow extends VcpuSample implements Vcpu {
  readonly hostCpu: number | undefined;
  readonly pin: VcpuPin | undefined;

  constructor({ number, figures, base }: VcpuSample, { pins, hostCpus }: RuntimeFacts) {
    super(number, figures, base);
    this.hostCpu = hostCpus?.get(number);
    this.pin = pins?.vcpus?.get(number);
  }

  get index(): number {
    return this.number + 1;
  }

  get state(): Vcpu['state'] {
    const code = this.stateCode;
    return code === undefined ? undefined : (states[code] ?? 'other');
  }

  get timeUs(): Count | undefined {
    return nsToUs(this.timeNs);
  }

  get waitUs(): Count | undefined {
    return nsToUs(this.waitNs);
  }

  get delayUs(): Count | undefined {
    return nsToUs(this.delayNs);
  }
}
