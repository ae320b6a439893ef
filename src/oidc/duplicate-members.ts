/**
 * The names that occur twice in one object of a JSON text, outermost object first. JSON parsers silently keep one of
 * the two, and not all of them the same one (RFC 8259, section 4).
 *
 * @param json - a text that `JSON.parse` has taken
 */
export function duplicateMembers(json: string): string[] {
  const duplicates: string[] = [];
  const open: (Set<string> | undefined)[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (let token = tokens.exec(json); token !== null; token = tokens.exec(json)) {
    const [text, colon] = token;
    if (text === '{') open.push(new Set());
    else if (text === '[') open.push(undefined);
    else if (text === '}' || text === ']') open.pop();
    else if (colon !== undefined) {
      const name = String(JSON.parse(text.slice(0, -colon.length)));
      const names = open.at(-1);
      if (names?.has(name) === true) duplicates.push(name);
      names?.add(name);
    }
  }
  return duplicates;
}
