/** Something in the settings of a target that does not go together. */
export interface SecretProblem<Other extends string = never> {
  readonly setting: 'user' | 'passwordFile' | 'tokenFile' | Other;
  readonly message: string;
}

/** What of the secrets of a target does not go together. */
export function secretProblems(
  section: string,
  options: { readonly user: string; readonly passwordFile: string; readonly tokenFile: string },
): readonly SecretProblem[] {
  const { user, passwordFile, tokenFile } = options;
  const problems: SecretProblem[] = [];
  if ((user === '') !== (passwordFile === '')) {
    const setting = user === '' ? 'user' : 'passwordFile';
    problems.push({
      setting,
      message: `is missing: ${section}.user and ${section}.password_file go together`,
    });
  }
  if (passwordFile !== '' && tokenFile !== '') {
    problems.push({
      setting: 'tokenFile',
      message: `is one secret too many beside ${section}.password_file`,
    });
  }
  return problems;
}
