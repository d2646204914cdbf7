// Stands in for zod's forty languages, a quarter of the bundle: messages are English, as Immich's are.
export {}
