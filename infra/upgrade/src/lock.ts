/**
 * Whether two `package-lock.json` install the same packages of others.
 * @param one the content of a file
 */
export const sameDependencies = (one: string, other: string): boolean =>
  JSON.stringify(packagesIn(one)) === JSON.stringify(packagesIn(other));

/** Where each package goes and what is in it. What packages of ours say of themselves does not matter. */
function packagesIn(lock: string): readonly (readonly [string, unknown])[] {
  const { packages }: { readonly packages: Readonly<Record<string, { integrity?: string }>> } =
    JSON.parse(lock);
  return Object.entries(packages)
    .flatMap(([place, { integrity }]) =>
      integrity === undefined ? [] : [[place, integrity] as const],
    )
    .sort();
}
