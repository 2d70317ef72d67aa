"""What `import sciml` must not load."""

import subprocess
import sys

HEAVY = ("diffrax", "optimistix", "optax", "flax", "orbax", "h5py", "matplotlib", "rich", "sciml.train", "sciml.data")


def loaded(code):
    probe = f"{code}\nimport sys\nprint(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()


def test_import_is_light():
    assert loaded("import sciml") == []


def test_training_in_memory_loads_no_file_library_and_no_bar():
    assert not {"h5py", "rich", "flax", "matplotlib"} & set(
        loaded("import sciml\nsciml.fit, sciml.save, sciml.data.ArraySource")
    )
