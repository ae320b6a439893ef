/** A document to write: text, nested elements, or a list of equally named elements. */
export type XmlNode =
  string | number | boolean | undefined | { readonly [name: string]: XmlNode | readonly XmlNode[] };

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

/** XML of a tree; undefined members are left out, lists repeat their element. */
export function renderXml(node: XmlNode): string {
  if (node === undefined) return '';
  if (typeof node !== 'object')
    return String(node).replace(/[&<>"\r]/g, (character) => entities[character] ?? character);
  return Object.entries(node)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? (value as readonly XmlNode[]) : [value as XmlNode])
        .filter((item) => item !== undefined)
        .map((item) => {
          const element = name.split(' ')[0] ?? name;
          return `<${name}>${renderXml(item)}</${element}>`;
        }),
    )
    .join('');
}

/** A whole document with its declaration. */
export function xmlDocument(node: XmlNode): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${renderXml(node)}`;
}

const decodeText = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi, (_, hex: string, decimal: string) =>
      String.fromCodePoint(Math.min(Number.parseInt(hex || decimal, hex ? 16 : 10), 0x10ffff)),
    )
    .replaceAll('&amp;', '&');

/**
 * The inner text of every element of a name, outermost first. The bodies that S3 takes are flat, so that no element is nested
 * in one of its own name.
 */
export function elementsOf(xml: string, name: string): string[] {
  const pattern = new RegExp(
    `<(?:\\w+:)?${name}(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</(?:\\w+:)?${name}>)`,
    'g',
  );
  return [...xml.matchAll(pattern)].map((match) => match[1] ?? '');
}

/** The text of the first element of a name; undefined where there is none. */
export function textOf(xml: string, name: string): string | undefined {
  const [inner] = elementsOf(xml, name);
  return inner === undefined ? undefined : decodeText(inner);
}
