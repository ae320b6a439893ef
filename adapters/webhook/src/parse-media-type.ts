/**
 * The media type of a Content-Type header, lower-cased and without its parameters; undefined when there is none.
 *
 * The reference webhook compares the whole header byte for byte, and so refuses `application/json; charset=utf-8`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1 | RFC 9110, 8.3.1}
 */
export function parseMediaType(contentType: string | undefined): string | undefined {
  const essence = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  return essence === undefined || !/^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/.test(essence)
    ? undefined
    : essence;
}
