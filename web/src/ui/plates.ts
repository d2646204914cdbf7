/** Thumbhashes of little painted scenes: what an empty page shows instead of nothing. */
export const PLATES = [
  { ratio: 1.5, hash: '2EgWRYp3iHh/d4iIeGiId4Z/aviH' },
  { ratio: 0.75, hash: 'ZLcZFQR3iI93eIhnh3iHiHlwafaX' },
  { ratio: 1.33, hash: 'IikeFYJ3eHiPh3iIeGiIeIZ/g1gH' },
  { ratio: 1.5, hash: '7/cJPYh3eIiPd3eBeIh3iIhwigin' },
  { ratio: 0.67, hash: 'ExcKFQSLVK1nBneYhnUnhYqAqglH' },
  { ratio: 1.78, hash: 'YNcRHIJ3eHePeHeFeHeJgJgIeA==' },
  { ratio: 1, hash: '4igaDwB3eIiPd4eIeGiId3d4d2kHmHAA' },
  { ratio: 1.5, hash: 'j/cJNYZ4eJZ6l3dwh1eXmpmHkHkI' },
  { ratio: 0.8, hash: 'pNgZBgJ3iPh4h2eId3eIeHiIqYBx94g=' },
  { ratio: 1.33, hash: 'qHgWDYR3eIiPd4iEeId3iHWPcQlH' },
  { ratio: 1.6, hash: '6aYVHIh3eIiPd4iFeHd3j3f3eA==' },
  { ratio: 0.75, hash: 'EggKDQB5dZ1nB3ZZlopoeJmHkHkI' },
  { ratio: 1.5, hash: '6EkWNYZ3eIiPd3iEeId3iIaPgnkH' },
  { ratio: 1.33, hash: 'aOcRBYB3eIh/h3iHeGiIeGZwQVQG' },
  { ratio: 0.67, hash: '5wcWHQJ3eI93eIhnh3iHh4d/ZvhH' },
] as const
