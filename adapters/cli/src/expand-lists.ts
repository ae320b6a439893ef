/** What the commands read of a Kubernetes object. */
export interface KubernetesObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** The objects of a `List`, or the object itself; nothing for what is no object. */
export function expandLists(document: unknown): KubernetesObject[] {
  if (typeof document !== 'object' || document === null) return [];
  const items = 'items' in document && Array.isArray(document.items) ? document.items : [document];
  return (items as unknown[]).filter(
    (item): item is KubernetesObject => typeof item === 'object' && item !== null,
  );
}
