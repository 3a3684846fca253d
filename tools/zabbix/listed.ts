import type { ObjectName } from '../../src/mib/bind.ts';
import type { Trigger } from './item.ts';

/**
 * A row that is there only while something is wrong has no value when that is over, and neither while the agent is not
 * there: which of them it is, the age of another value tells.
 */
export function isListed(object: ObjectName): Pick<Trigger, 'expression' | 'recovery'> {
  return {
    expression: `nodata(@${object},3m)=0`,
    recovery: `nodata(@${object},3m)=1 and nodata(@lveConnState,2m)=0`,
  };
}
