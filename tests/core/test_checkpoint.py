"""Files of models: what comes back, and what is refused."""

import dataclasses
import functools
import json
import os
import subprocess
import sys
import zipfile
import zlib

import equinox as eqx
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

import sciml
from sciml.checkpoint import read_manifest
from sciml.files.format import digest


@sciml.register(name="test_checkpoint:square")
def square(x):
    return x * x


@sciml.register(name="test_checkpoint:Small")
class Small(eqx.Module):
    weight: jax.Array
    activation: object = eqx.field(static=True)
    sizes: tuple[int, ...] = eqx.field(static=True)

    def __check_init__(self):
        if self.weight.ndim != 1:
            raise ValueError("weight must be a vector")


def small():
    return Small(jnp.arange(3.0), square, (3, 4))


def round_trip(tmp_path, value, **options):
    sciml.save(tmp_path / "file.sciml", value)
    return sciml.load(tmp_path / "file.sciml", **options)


def test_models_come_back_without_a_template(tmp_path):
    for model in (
        small(),
        eqx.nn.MLP(2, 3, 4, 2, activation=jax.nn.gelu, key=jax.random.key(0)),
        eqx.nn.MLP(2, 3, 4, 2, activation=eqx.nn.PReLU(), key=jax.random.key(0)),
        eqx.nn.Sequential([eqx.nn.Conv1d(2, 4, 3, padding="SAME", key=jax.random.key(1)), eqx.nn.Lambda(jnp.tanh)]),
    ):
        again = round_trip(tmp_path, model)
        assert jax.tree.structure(again) == jax.tree.structure(model)
        assert eqx.tree_equal(again, model, typematch=True)


def test_loaded_model_hits_the_compiled_program(tmp_path):
    model = eqx.nn.MLP(2, 3, 4, 2, key=jax.random.key(0))
    traces = []

    @eqx.filter_jit
    def call(model, x):
        traces.append(1)
        return model(x)

    call(model, jnp.ones(2))
    call(round_trip(tmp_path, model), jnp.ones(2))
    assert len(traces) == 1


def test_plain_values(tmp_path):
    value = {
        "numbers": [1, -2.5, 10**30, True, None, "text", 3 - 4j],
        ("a", 1): (1, [2, (3,)], {}),
        "special": (float("inf"), -float("inf")),
        "types": [jnp.float32, np.dtype("int8"), jnp.dtype(jnp.bfloat16)],
        "slice": slice(1, None, 2),
        "grid": sciml.Grid((8, 4), extent=(1.0, 2.0)),
    }
    assert round_trip(tmp_path, value) == value
    assert np.isnan(round_trip(tmp_path, float("nan")))
    assert type(round_trip(tmp_path, 1.0)) is float


JAX_DTYPES = (
    "bool int4 uint4 int8 int64 uint32 float16 bfloat16 float8_e4m3fn float8_e5m2 float32 float64 complex64 complex128"
)


@pytest.mark.parametrize("dtype", JAX_DTYPES.split())
def test_every_dtype(tmp_path, dtype):
    for shape in ((), (3,), (0, 2), (2, 3)):
        count = int(np.prod(shape))
        values = np.arange(count).reshape(shape).astype(jnp.dtype(dtype))
        for array in (jnp.asarray(values), values):
            again = round_trip(tmp_path, array)
            assert isinstance(again, type(array)) or (shape == () and isinstance(array, np.generic))
            assert again.dtype == array.dtype and again.shape == array.shape
            assert np.asarray(again).tobytes() == np.asarray(array).tobytes()


def test_odd_arrays(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    value = [
        np.asfortranarray(values),
        values[:, ::2],
        values.astype(">f8"),
        np.float32(3),
        np.array(5),
        ml_dtypes.bfloat16(2),
    ]
    again = round_trip(tmp_path, value)
    for old, new in zip(value, again, strict=True):
        np.testing.assert_array_equal(np.asarray(old, np.float64), np.asarray(new, np.float64))
        assert type(new) is type(old)
    nan = jnp.asarray([jnp.nan, -0.0, jnp.inf])
    assert np.asarray(round_trip(tmp_path, nan)).tobytes() == np.asarray(nan).tobytes()


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg"])
def test_random_keys(tmp_path, implementation):
    key = jax.random.split(jax.random.key(7, impl=implementation), 3)
    again = round_trip(tmp_path, key)
    assert again.dtype == key.dtype
    np.testing.assert_array_equal(jax.random.key_data(again), jax.random.key_data(key))


def test_tied_weights_stay_tied(tmp_path):
    weight = jnp.ones((4, 4))
    again = round_trip(tmp_path, {"encoder": weight, "decoder": (weight,)})
    assert again["encoder"] is again["decoder"][0]
    assert len(read_manifest(tmp_path / "file.sciml")["leaves"]) == 1


def test_same_object_gives_same_bytes(tmp_path):
    for name in "ab":
        sciml.save(tmp_path / name, small())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_configuration_is_kept_for_people(tmp_path):
    sciml.save(tmp_path / "file", small(), config={"width": 3, "modes": (4, 4)})
    assert read_manifest(tmp_path / "file")["config"]["dict"][0] == ["width", 3]


def test_sharded_arrays_are_gathered_and_placed(tmp_path):
    mesh = jax.make_mesh((2,), ("data",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    array = jax.device_put(jnp.arange(8.0), sharding)
    again = round_trip(tmp_path, {"x": array}, sharding=sharding)["x"]
    assert again.sharding == sharding
    np.testing.assert_array_equal(again, array)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (eqx.nn.Lambda(lambda x: x), "fn"),
        ({"a": [functools.partial(jnp.sin)]}, r"\['a'\]\[0\]"),
        ({"a": object()}, r"\['a'\]"),
        (np.array(["text"]), "value"),
        (np.array([None]), "value"),
        ({1, 2}, "the object"),
    ],
)
def test_what_has_no_name_is_refused_at_save(tmp_path, value, where):
    with pytest.raises(TypeError, match=where):
        sciml.save(tmp_path / "file", value)
    assert not list(tmp_path.iterdir())


def test_unregistered_class_is_refused_at_save(tmp_path):
    class Local(eqx.Module):
        x: int = 0

    with pytest.raises(TypeError, match=r"model.*Local is not registered.*sciml\.register"):
        sciml.save(tmp_path / "file", {"model": Local()})


def test_failed_save_keeps_the_old_file(tmp_path):
    path = tmp_path / "file"
    sciml.save(path, small())
    before = path.read_bytes()
    with pytest.raises(TypeError):
        sciml.save(path, {"good": jnp.ones(3), "bad": np.array(["text"])})
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_stale_temporary_files_are_removed(tmp_path):
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    (tmp_path / f"file.tmp{int(dead.stdout)}").write_bytes(b"half")
    (tmp_path / f"other.tmp{int(dead.stdout)}").write_bytes(b"not ours")
    sciml.save(tmp_path / "file", small())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", f"other.tmp{int(dead.stdout)}"]


def test_tracers_are_refused(tmp_path):
    with pytest.raises(TypeError, match="traced by JAX"):
        jax.jit(lambda x: sciml.save(tmp_path / "file", x))(jnp.ones(3))


# Damaged, edited and foreign files.


def edit(path, change=None, member=None, data=None, seal=True, compression=zipfile.ZIP_STORED):
    """Rewrite a file with a changed manifest or member, sums of the manifest put right when `seal`."""
    with zipfile.ZipFile(path) as archive:
        contents = {info.filename: archive.read(info) for info in archive.infolist()}
    manifest = json.loads(contents["manifest.json"])
    if member is not None:
        contents[member] = data(contents[member])
    if change is not None:
        change(manifest)
    if seal:
        manifest["blake2b"] = digest(manifest)
    contents["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


@pytest.fixture
def path(tmp_path):
    sciml.save(tmp_path / "file", small())
    return tmp_path / "file"


def test_every_truncation_is_refused(path):
    whole = path.read_bytes()
    for length in sorted({0, 1, 10, len(whole) // 2, len(whole) - 1, len(whole) - 30}):
        path.write_bytes(whole[:length])
        with pytest.raises(sciml.FileFormatError):
            sciml.load(path)


def test_every_flipped_byte_of_the_values_is_found(path):
    whole = bytearray(path.read_bytes())
    start = bytes(whole).index(np.arange(3.0).tobytes())
    for offset in range(start, start + 24, 5):
        edited = whole.copy()
        edited[offset] ^= 16
        path.write_bytes(bytes(edited))
        with pytest.raises(sciml.FileFormatError):
            sciml.load(path)


def test_any_flipped_byte_is_found_or_harmless(path):
    whole = bytearray(path.read_bytes())
    for offset in range(0, len(whole), 7):
        edited = whole.copy()
        edited[offset] ^= 1
        path.write_bytes(bytes(edited))
        try:
            again = sciml.load(path)
        except sciml.FileFormatError:
            continue
        assert eqx.tree_equal(again, small()), f"byte {offset}"


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + bytes(100), b"PK\x03\x04" + bytes(50)])
def test_foreign_files_are_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(sciml.FileFormatError, match="is not a file of sciml"):
        sciml.load(tmp_path / "file")


def test_other_zips_are_refused(tmp_path):
    np.savez(tmp_path / "file.npz", x=np.ones(3))
    with pytest.raises(sciml.FileFormatError, match="no manifest"):
        sciml.load(tmp_path / "file.npz")
    with pytest.raises(FileNotFoundError):
        sciml.load(tmp_path / "missing")


CHANGES = {
    "newer version": (lambda m: m.update(version=2), "reads up to 1: update"),
    "other format": (lambda m: m.update(format="other"), "not written by sciml"),
    "unknown class": (lambda m: m["tree"].update({"class": "os:system"}), "unknown name 'os:system'"),
    "a function as class": (lambda m: m["tree"].update({"class": "jax.nn:relu"}), "is not a class"),
    "class that is no dataclass": (
        lambda m: m["tree"].update({"class": "jax.nn:relu", "custom": {}}),
        "is not a class",
    ),
    "missing field": (lambda m: m["tree"]["fields"].pop("sizes"), r"missing \['sizes'\]"),
    "extra field": (lambda m: m["tree"]["fields"].update(extra=1), r"unknown \['extra'\]"),
    "leaf out of range": (lambda m: m["tree"]["fields"].update(weight={"leaf": 7}), "names leaf 7"),
    "unknown tag": (lambda m: m["tree"]["fields"].update(sizes={"import": "os"}), "unknown tags"),
    "broken invariant": (lambda m: m["tree"]["fields"].update(weight=None), "."),
    "newer class": (lambda m: m["tree"].update(version=9), "version 9 of its fields"),
    "unlisted member": (lambda m: m.update(leaves=[]), "members are not those"),
    "shape bomb": (lambda m: m["leaves"][0].update(shape=[10**12]), "bytes stored for"),
    "negative shape": (lambda m: m["leaves"][0].update(shape=[-3]), "impossible shape"),
    "other dtype": (lambda m: m["leaves"][0].update(dtype="int64"), "the manifest says"),
    "unknown dtype": (lambda m: m["leaves"][0].update(dtype="object"), "unknown dtype"),
    "wrong sum": (lambda m: m["leaves"][0].update(crc32=1), "do not match their sum"),
    "deep nesting": (lambda m: m.update(tree=functools.reduce(lambda x, _: [x], range(400), 0)), "nested deeper"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_edited_manifests_are_refused(path, name):
    change, message = CHANGES[name]
    edit(path, change)
    with pytest.raises(sciml.FileFormatError, match=message):
        sciml.load(path)


def test_manifest_sum_is_checked(path):
    edit(path, lambda manifest: manifest.update(config="edited"), seal=False)
    with pytest.raises(sciml.FileFormatError, match="does not match its sum"):
        sciml.load(path)


def test_members_that_lie_are_refused(path):
    with zipfile.ZipFile(path) as archive:
        forged = archive.read("leaves/0.npy").replace(b"(3,), ", b"(9,), ")
    edit(path, lambda m: m["leaves"][0].update(crc32=zlib.crc32(forged)), "leaves/0.npy", lambda _: forged)
    with pytest.raises(sciml.FileFormatError, match="the manifest says"):
        sciml.load(path)


def test_compressed_and_duplicate_members_are_refused(path):
    whole = path.read_bytes()
    edit(path, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(sciml.FileFormatError, match="compressed"):
        sciml.load(path)
    path.write_bytes(whole)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("leaves/0.npy", archive.read("leaves/0.npy"))
    with pytest.raises(sciml.FileFormatError, match="occurs twice"):
        sciml.load(path)


def test_object_arrays_never_reach_pickle(path):
    import io

    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.array([{"x": 1}] * 3, dtype=object), allow_pickle=True)
    data = stream.getvalue()
    edit(path, lambda m: m["leaves"][0].update(crc32=zlib.crc32(data)), "leaves/0.npy", lambda _: data)
    with pytest.raises(sciml.FileFormatError):
        sciml.load(path)


def test_old_fields_are_migrated(tmp_path):
    @sciml.register(name="test_checkpoint:Grown")
    @dataclasses.dataclass
    class Old:
        width: int

    sciml.save(tmp_path / "file", Old(3))

    def migrate(fields, version):
        assert version == 1
        return {"channels": fields["width"], "layers": 4}

    @sciml.register(name="test_checkpoint:Grown", version=2, migrate=migrate)
    @dataclasses.dataclass
    class Old:
        channels: int
        layers: int

    assert sciml.load(tmp_path / "file") == Old(3, 4)


def test_classes_may_write_themselves(tmp_path):
    @sciml.register(name="test_checkpoint:Wrapped")
    class Wrapped:
        def __init__(self, variables, note):
            self.variables, self.note = variables, note

        def to_file(self):
            return {"variables": self.variables, "note": self.note}

        @classmethod
        def from_file(cls, fields):
            return cls(fields["variables"], fields["note"] + "!")

    again = round_trip(tmp_path, [Wrapped({"w": jnp.ones(2)}, "hello")])[0]
    assert again.note == "hello!"
    np.testing.assert_array_equal(again.variables["w"], np.ones(2))


def test_64_bits_are_not_cut_silently(tmp_path):
    sciml.save(tmp_path / "file", {"x": jnp.ones(3, jnp.float64)})
    code = (
        "import sciml, sys\n"
        "try:\n    sciml.load(sys.argv[1])\n"
        "except ValueError as error:\n    assert 'jax_enable_x64' in str(error)\n"
        "else:\n    raise SystemExit('not refused')\n"
        "assert sciml.load(sys.argv[1], narrow=True)['x'].dtype == 'float32'\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "JAX_ENABLE_X64"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], check=True, env=environment)
