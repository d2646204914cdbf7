/** This picture cannot be computed, however often it is tried. */
export class PictureError extends Error {
  override name = 'PictureError'
}

/** The model's files are not here. */
export class ModelAbsentError extends Error {
  override name = 'ModelAbsentError'
}

/** The model's files are here, and cannot be used. */
export class ModelLoadError extends Error {
  override name = 'ModelLoadError'
}

/** The model failed, or its thread died, while it computed. */
export class ModelRunError extends Error {
  override name = 'ModelRunError'
}

/** One batch failed, and the model goes on: it may have been too much at once. */
export class BatchError extends ModelRunError {
  override name = 'BatchError'
}
