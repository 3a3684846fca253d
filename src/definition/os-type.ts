import type { DomainSpec } from '../model/domain.ts';
import type { Guest } from '../model/guest.ts';

/** vmOSType (RFC 7666): libosinfo's id where the definition has it, else what the guest agent says, else os/type. */
export function osTypeOf(
  spec: Pick<DomainSpec, 'osInfo' | 'osType'> | undefined,
  guest: Pick<Guest, 'osId'> | undefined,
): string | undefined {
  return spec?.osInfo ?? guest?.osId ?? spec?.osType;
}
