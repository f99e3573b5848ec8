/**
 * An image as a mirror has it: the mirror instead of the registry, the rest of the path kept. An image that is under
 * the mirror already stays. What names no registry is Docker Hub's, and one word there is `library/` (distribution/reference,
 * `ParseNormalizedNamed`).
 */
export function mirrored(image: string, mirror: string): string {
  if (image.startsWith(`${mirror}/`)) return image;
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  if (first === 'localhost' || /[.:]/.test(first)) return `${mirror}/${image.slice(slash + 1)}`;
  return `${mirror}/${slash < 0 ? 'library/' : ''}${image}`;
}
