import type { Count } from '../../../model/scalar-types.ts';
import { FigureGroup, type Figures, slots } from '../figures.ts';

export const iothreadSlots = slots('pollMaxNs', 'pollGrow', 'pollShrink', 'pollWeight');

/** The parameters `iothread.N.`; N is the id. */
export class IothreadSample extends FigureGroup {
  readonly id: number;

  constructor(id: number, figures: Figures, base: number) {
    super(figures, base);
    this.id = id;
  }

  get pollMaxNs(): Count | undefined {
    return this.count(iothreadSlots.pollMaxNs);
  }

  get pollGrow(): Count | undefined {
    return this.count(iothreadSlots.pollGrow);
  }

  get pollShrink(): Count | undefined {
    return this.count(iothreadSlots.pollShrink);
  }

  get pollWeight(): Count | undefined {
    return this.count(iothreadSlots.pollWeight);
  }
}
