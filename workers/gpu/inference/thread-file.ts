/**
 * Where the code of a model's thread lies: beside this file in the source tree, where Node runs TypeScript as it is;
 * beside the bundle in `dist/`, where the build makes it a bundle of its own (`gpu.js` and `gpu-thread.js`).
 */
export const threadFile = new URL(
  import.meta.url.endsWith('.ts') ? './thread.ts' : './gpu-thread.js',
  import.meta.url,
)
