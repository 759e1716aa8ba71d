"""Writes LightGBM models in the form that src/html/forest.rs reads."""
import struct
import numpy as np

def below(x):
    """The greatest f32 that is not above x, so that f32 features compare as in LightGBM."""
    f = np.float32(x)
    return f if float(f) <= x else np.nextafter(f, np.float32(-np.inf))

def write(path, models):
    with open(path, "wb") as out:
        for m in models:
            d = m.dump_model()
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
