const nowhere = 'http://127.0.0.1:9'

/** For an edge without the processes that it can do without: nothing listens there. */
export const absentNeighbours = {
  DISPATCHER_URL: nowhere,
  DISPATCHER_SECRET: 'no dispatcher here',
  GPU_URL: nowhere,
  GPU_SECRET: 'no gpu worker here',
  HUB_URL: nowhere,
  HUB_SECRET: 'no hub is running here',
}
