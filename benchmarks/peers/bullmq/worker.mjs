// One BullMQ worker process, until SIGTERM.
import { Worker } from 'bullmq'

const { hostname, port } = new URL(process.env.BENCH_REDIS_URL)

const handle = async (job) =>
  // Of the monotonic clock, which all processes of a host share.
  job.name === 'pickup'
    ? { nanoseconds: process.hrtime.bigint().toString() }
    : { number: job.data.number }

const worker = new Worker('bench', handle, {
  connection: { host: hostname, port: Number(port), maxRetriesPerRequest: null },
  concurrency: Number(process.env.BENCH_CONCURRENCY)
})
worker.on('error', (error) => console.error(error))

process.on('SIGTERM', async () => {
  await worker.close()
  process.exit(0)
})
