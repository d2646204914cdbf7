/** The smallest ONNX model: one number in, the same one out. Loading it tells whether a provider works at all. */
export const probeModel = Buffer.from(
  'CAgSDXRpbnR5cGUgdGVzdHM6RwocCgF4EgF5GgpJZGVudGl0eV8wIghJZGVudGl0eRIFZ3JhcGhaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgQKABAN',
  'base64',
)
