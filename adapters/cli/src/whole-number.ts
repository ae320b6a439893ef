import { InvalidArgumentError } from 'commander';

/** Reads an option that is a whole number; anything else is a wrong command line. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      `Expected a whole number from ${String(least)} to ${String(most)}.`,
    );
  };

/** Reads an account's number. */
export const accountNumber = (text: string): string => {
  if (/^\d{12}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected 12 digits, leading zeros kept.');
};
