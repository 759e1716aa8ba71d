"""Writes the model in the forms that src/html/forest.rs and src/html/net.rs read."""
import struct
import numpy as np

def below(x):
    """The greatest f32 that is not above x, so that f32 features compare as in LightGBM."""
    f = np.float32(x)
    return f if float(f) <= x else np.nextafter(f, np.float32(-np.inf))

def write_trees(out, model):
    d = model.dump_model()
    out.write(b"DPGB" + struct.pack("<HH", d["max_feature_idx"] + 1, len(d["tree_info"])))
    for t in d["tree_info"]:
        splits, leaves = [], []
        def put(node):
            if "leaf_value" in node:
                leaves.append(node["leaf_value"]); return -len(leaves)
            at = len(splits); splits.append(None)
            assert node["decision_type"] == "<="
            splits[at] = (node["split_feature"], below(node["threshold"]), put(node["left_child"]), put(node["right_child"]))
            return at
        put(t["tree_structure"])
        out.write(struct.pack("<B", len(splits)))
        for s in splits: out.write(struct.pack("<Hfbb", *s))
        for v in leaves: out.write(struct.pack("<f", v))

def write_net(out, net, scale):
    width, steps = net["first"].shape[1], len(net["taps"])
    out.write(b"DPNN" + struct.pack("<HBB", len(scale), width, steps))
    put = lambda a: out.write(np.ascontiguousarray(a, dtype="<f4").tobytes())
    for part in (scale, net["first"], net["first_bias"], net["means"], net["page"], net["means_bias"]): put(part)
    for taps, bias in zip(net["taps"], net["tap_bias"]): put(taps); put(bias)
    for part in (net["last"], net["last_bias"], net["direct"]): put(part)

def write(path, trees, net, scale):
    with open(path, "wb") as out: write_trees(out, trees); write_net(out, net, scale)
