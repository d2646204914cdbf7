/** The square that face detections take. */
export const DETECTION_EDGE_PX = 640
/** As SCRFD was trained: 0..255 to about -1..1. */
export const DETECTION_MEAN = 127.5
export const DETECTION_STD = 128
