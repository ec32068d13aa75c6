import json, os
def load(d):
    p=f"{d}/results.json"
    return json.load(open(p)) if os.path.exists(p) else {}
