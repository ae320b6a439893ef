/** A value while it is made: fields that are read-only later can still be set, one by one, without a copy. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };
