/** Whether S3 takes it as a bucket's name. */
export const isBucketName = (name: unknown): name is string =>
  typeof name === 'string' &&
  /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name);
