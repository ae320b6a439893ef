export default { test: { include: ['{vitest,jest}/*.test.{ts,js}'] } };
