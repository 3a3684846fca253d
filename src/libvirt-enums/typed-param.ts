/** virTypedParameterType */
export const paramTypes = {
  int: 1,
  uint: 2,
  llong: 3,
  ullong: 4,
  double: 5,
  boolean: 6,
  string: 7,
} as const;

type ParamTypeName = keyof typeof paramTypes;

/** The same by number; 0 is none of them. */
export const paramTypeNames = ['other', ...(Object.keys(paramTypes) as ParamTypeName[])] as const;
