// BullMQ's client: speaks the protocol of ../README.md.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Job, Queue } from 'bullmq'

const CHUNK = 1000
const PAUSE = 20
const WARM_UP = 20
const PATIENCE = 60_000

const { hostname, port } = new URL(process.env.BENCH_REDIS_URL)
const queue = new Queue('bench', { connection: { host: hostname, port: Number(port) } })
const now = () => process.hrtime.bigint()
let enqueued = 0

async function enqueueBulk (tasks) {
  const end = enqueued + tasks
  while (enqueued < end) {
    const jobs = []
    for (; enqueued < end && jobs.length < CHUNK; enqueued++) {
      jobs.push({ name: 'noop', data: { number: enqueued } })
    }
    await queue.addBulk(jobs)
  }
}

async function enqueueByCallers (tasks, callers) {
  const end = enqueued + tasks
  const call = async () => {
    while (enqueued < end) await queue.add('noop', { number: enqueued++ })
  }
  await Promise.all(Array.from({ length: callers }, call))
}

async function timed (work) {
  const start = now()
  await work
  return { seconds: Number(now() - start) / 1e9 }
}

async function count () {
  const { completed, failed, waiting, active } = await queue.getJobCounts(
    'completed', 'failed', 'waiting', 'active')
  // Their results are looked at too: a job that is complete without one would not be.
  let right = 0
  for (let first = 0; first < completed; first += CHUNK) {
    const jobs = await queue.getJobs('completed', first, first + CHUNK - 1)
    right += jobs.filter((job) => job.returnvalue?.number === job.data.number).length
  }
  return { completed: right, failed, waiting: waiting + active }
}

async function pickUp (times) {
  const sent = []
  for (let each = 0; each < times; each++) {
    const called = now()
    const job = await queue.add('pickup', {})
    sent.push({ id: job.id, called, returned: now() })
    await sleep(PAUSE)
  }
  const pickups = []
  for (const { id, called, returned } of sent) {
    pickups.push({
      called: Number(called),
      returned: Number(returned),
      started: await started(id)
    })
  }
  return pickups
}

async function started (id) {
  for (const start = Date.now(); Date.now() - start < PATIENCE; await sleep(5)) {
    const job = await Job.fromId(queue, id)
    if (job.finishedOn !== undefined) return Number(job.returnvalue.nanoseconds)
  }
  throw new Error(`job ${id} was not completed within ${PATIENCE} ms`)
}

function versions () {
  const require = createRequire(import.meta.url)
  const found = { Node: process.versions.node }
  for (const name of ['bullmq', 'ioredis']) found[name] = require(`${name}/package.json`).version
  return found
}

async function answer (command) {
  switch (command.do) {
    case 'prepare': await queue.waitUntilReady(); return {}
    case 'versions': return versions()
    case 'enqueue_bulk': return timed(enqueueBulk(command.tasks))
    case 'enqueue_by_callers': return timed(enqueueByCallers(command.tasks, command.callers))
    case 'progress': return { done: await queue.getCompletedCount() }
    case 'count': return count()
    case 'pick_up':
      // The first ones find cold caches, or a worker that is still starting.
      await pickUp(WARM_UP)
      return pickUp(command.times)
  }
  throw new Error(`expected a command of benchmarks/peers/README.md, got ${JSON.stringify(command)}`)
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))))
}
await queue.close()
