"""The network of src/html/net.rs in JAX: inputs, training on the soft F1 of pages, prediction."""
import os
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import collections
from functools import partial
import jax, jax.numpy as jnp
import numpy as np
import context

WIDTH, REACHES, LEVELS, FARTHEST = 32, (1, 2, 4, 8), (0, 1, 2, 4), 6
GROUPINGS = len(LEVELS) + 1
# Pages of about one length go together: (blocks a page, pages a step).
SHAPES = [(64, 32), (128, 16), (256, 8), (512, 4), (1024, 2), (2048, 1), (4096, 1), (8192, 1)]
SET_WEIGHTS = {"defuddle": 0.3, "mozilla-readability": 0.6, "trafilatura-eval": 0.4}

def log_odds(p):
    p = np.clip(p, 1e-5, 1 - 1e-5); return (np.log(p) - np.log1p(-p)).astype(np.float32)

def prepare(pages):
    """Adds inputs and groups of blocks; p1 must hold chances of a model that did not see the page."""
    for p in pages:
        x = p["x"]
        p["z"] = np.hstack([np.sign(x) * np.sqrt(np.abs(x)), context.context(p), log_odds(p["p1"])[:, None]]).astype(np.float32)
        ids = [np.array([a[min(k, len(a) - 1)] for a in p["areas"]]) for k in LEVELS] + [np.array(p["kin"])]
        p["groups"] = np.stack([np.unique(i, return_inverse=True)[1] for i in ids]).astype(np.int32)
        p["length"] = np.minimum(p["w"], 300).astype(np.float32)

def scale_of(pages):
    z = np.concatenate([p["z"][::3] for p in pages]); std = np.sqrt((z ** 2).mean(0)); std[std < 1e-4] = 1
    return (1 / std).astype(np.float32)

def steps(pages, rng=None):
    by = collections.defaultdict(list)
    for p in pages: by[next((s for s in SHAPES if len(p["texts"]) <= s[0]), SHAPES[-1])].append(p)
    out = []
    for (length, count), some in by.items():
        if rng is not None: some = [some[i] for i in rng.permutation(len(some))]
        out += [(length, count, some[k:k + count]) for k in range(0, len(some), count)]
    return [out[i] for i in rng.permutation(len(out))] if rng is not None else out

def pack(step, scale):
    length, count, pages = step
    z = np.zeros((count, length, len(scale)), np.float32); groups = np.zeros((count, GROUPINGS, length), np.int32); page = np.zeros((count, 2), np.float32)
    y, shown, known, w = (np.zeros((count, length), np.float32) for _ in range(4))
    for b, p in enumerate(pages):
        n = min(len(p["texts"]), length); label = p["y"][:n]
        z[b, :n] = np.clip(p["z"][:n] * scale, -FARTHEST, FARTHEST); y[b, :n] = np.nan_to_num(label); known[b, :n] = ~np.isnan(label)
        shown[b, :n] = 1; w[b, :n] = p["length"][:n]; groups[b, :, :n] = np.minimum(p["groups"][:, :n], length - 1)
        whole = p["gold"] is not None and (p["length"] * np.nan_to_num(p["y"])).sum() > 3
        page[b] = float(whole), SET_WEIGHTS.get(p["set"], 1.0)
    return z, y, shown, known, w, groups, page

def start(inputs, seed):
    keys = jax.random.split(jax.random.PRNGKey(seed), 20)
    n = lambda k, shape, fan, by=1.0: jax.random.normal(keys[k], shape) * by / np.sqrt(fan)
    W = WIDTH
    return dict(first=n(0, (inputs, W), inputs), first_bias=jnp.zeros(W), means=n(1, (GROUPINGS * W, W), GROUPINGS * W, .5), page=n(2, (2 * W, W), 2 * W, .5),
                means_bias=jnp.zeros(W), last=n(3, (W,), W, .1), last_bias=jnp.zeros(()), direct=jnp.zeros(inputs),
                taps=jnp.stack([n(5 + i, (3, W, W), 3 * W, .5) for i in range(len(REACHES))]), tap_bias=jnp.zeros((len(REACHES), W)))

def shift(h, k):
    n = h.shape[0]
    return jnp.pad(h, ((k, 0), (0, 0)))[:n] if k > 0 else jnp.pad(h, ((0, -k), (0, 0)))[-k:]

def forward(m, z, shown, w, groups, key, drop):
    n = z.shape[0]
    # Inputs are dropped for a whole page at once, or blocks beside would give them away.
    if drop > 0: z = z * jax.random.bernoulli(key, 1 - drop, (z.shape[-1],)) / (1 - drop)
    h = jax.nn.relu(z @ m["first"] + m["first_bias"]) * shown[:, None]; ww = (w * shown)[:, None]
    mean = lambda g: (jax.ops.segment_sum(h * ww, g, n) / jnp.maximum(jax.ops.segment_sum(ww, g, n), 1e-3))[g]
    page = jnp.concatenate([(h * ww).sum(0) / jnp.maximum(ww.sum(), 1e-3), jnp.max(h, 0)])
    around = jnp.concatenate([mean(groups[k]) for k in range(GROUPINGS)], -1)
    h = (h + jax.nn.relu(around @ m["means"] + page @ m["page"] + m["means_bias"])) * shown[:, None]
    for i, reach in enumerate(REACHES):
        taps = m["taps"][i]; u = shift(h, reach) @ taps[0] + h @ taps[1] + shift(h, -reach) @ taps[2] + m["tap_bias"][i]
        h = (h + jax.nn.relu(u)) * shown[:, None]
    return h @ m["last"] + z @ m["direct"] + m["last_bias"]

def loss(m, z, y, shown, known, w, groups, page, key, drop):
    t = jax.vmap(partial(forward, m, drop=drop))(z, shown, w, groups, jax.random.split(key, z.shape[0])); q = jax.nn.sigmoid(t)
    weight = known * w ** .7
    entropy = ((jnp.logaddexp(0, t) - y * t) * weight).sum(1) / jnp.maximum(weight.sum(1), 10.)
    f1 = 2 * (q * y * w * shown).sum(1) / jnp.maximum((q * w * shown).sum(1) + (y * w * shown).sum(1), 1.)
    return (page[:, 1] * (entropy + page[:, 0] * (1 - f1))).mean()

@partial(jax.jit, static_argnames=("drop",))
def update(m, first, second, t, rate, batch, key, drop, decay):
    """One step of Adam with decoupled weight decay."""
    grads = jax.grad(loss)(m, *batch, key, drop)
    first = jax.tree.map(lambda a, g: .9 * a + .1 * g, first, grads); second = jax.tree.map(lambda a, g: .99 * a + .01 * g * g, second, grads)
    move = lambda a, f, s: a - rate * (f / (1 - .9 ** t) / (jnp.sqrt(s / (1 - .99 ** t)) + 1e-6) + decay * a)
    return jax.tree.map(move, m, first, second), first, second

@jax.jit
def predict_step(m, z, shown, w, groups): return jax.vmap(lambda *a: forward(m, *a, None, 0.0))(z, shown, w, groups)

def fit(pages, scale, epochs=10, rate=2e-3, drop=.15, decay=.02, seed=0):
    key = jax.random.PRNGKey(seed); m = start(len(scale), seed); first = jax.tree.map(jnp.zeros_like, m); second = first
    rng = np.random.default_rng(seed); t = 0; total = epochs * len(steps(pages))
    for _ in range(epochs):
        for step in steps(pages, rng):
            t += 1; key, k = jax.random.split(key); part = min(1, t / 100) * (.5 + .5 * np.cos(np.pi * t / total)) + .01
            m, first, second = update(m, first, second, float(t), rate * part, pack(step, scale), k, drop, decay * part)
    return m

def predict(pages, m, scale, to):
    for step in steps(pages):
        z, _, shown, _, w, groups, _ = pack(step, scale); q = np.asarray(predict_step(m, z, shown, w, groups))
        for p, row in zip(step[2], q):
            out = np.full(len(p["texts"]), -5., np.float32); n = min(len(out), step[0]); out[:n] = row[:n]; p[to] = out
