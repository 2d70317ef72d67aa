"""Sources in memory and on disk: the rows asked for, and clear errors."""

import threading

import h5py
import jax
import numpy as np
import optax
import pytest

import sciml
from sciml.data import ArraySource, DataFormatError, Dataset, Generator, HDF5Source, read_hdf5, write_hdf5

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("data") / "data.h5"
    inputs = RANDOM.normal(size=(40, 1, 8)).astype(np.float32)
    write_hdf5(made, Dataset(inputs=inputs, outputs=inputs**2, coordinates=(np.arange(8) / 8,)))
    return made


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("indices", [[3], [5, 1, 5, 39], list(range(10, 20)), [0, 39]])
def test_rows_come_in_the_order_asked_for(path, in_memory, indices):
    source = HDF5Source(path, in_memory=in_memory)
    with h5py.File(path) as file:
        expected = file["inputs"][()][indices]
    rows = source.rows(np.asarray(indices))
    np.testing.assert_array_equal(rows["inputs"], expected)
    np.testing.assert_array_equal(rows["outputs"], expected**2)
    assert len(source) == 40 and (source.arrays() is None) is not in_memory
    source.close()
    np.testing.assert_array_equal(source.rows(np.asarray(indices))["inputs"], expected)


def test_small_files_are_read_into_memory(path):
    assert HDF5Source(path).arrays() is not None


def test_fingerprints_see_changes(path, tmp_path):
    first = HDF5Source(path, in_memory=False)
    assert first.fingerprint() == HDF5Source(path, in_memory=False).fingerprint()
    changed = tmp_path / "changed.h5"
    changed.write_bytes(path.read_bytes())
    with h5py.File(changed, "a") as file:
        file["inputs"][7, 0, 3] = 100.0
    assert HDF5Source(changed, in_memory=False).fingerprint() != first.fingerprint()
    arrays = {"a": np.zeros(3), "b": np.ones(3)}
    base = ArraySource(arrays).fingerprint()
    for other in (
        {"a": np.zeros(3), "c": np.ones(3)},
        {**arrays, "a": np.full(3, 1e-300)},
        {**arrays, "a": np.zeros(3, int)},
    ):
        assert ArraySource(other).fingerprint() != base


def test_a_file_trains_as_its_arrays_do(path):
    def loss(model, batch, key):
        return jax.numpy.mean((model * batch["inputs"] - batch["outputs"]) ** 2), {}

    options = {"optimizer": optax.sgd(0.1), "steps": 12, "batch_size": 8, "progress": False, "key": jax.random.key(0)}
    model = jax.numpy.ones(8, np.float32)
    from_disk = sciml.fit(
        model, lambda m, b, k: loss(m[None, None], b, k), HDF5Source(path, in_memory=False), **options
    )
    in_memory = sciml.fit(model, lambda m, b, k: loss(m[None, None], b, k), HDF5Source(path), **options)
    np.testing.assert_allclose(from_disk.history["loss"], in_memory.history["loss"], rtol=1e-4)


def test_a_dataset_is_taken_as_it_is(path):
    result = sciml.fit(
        jax.numpy.ones((1, 1, 8), np.float32),
        lambda model, batch, key: (jax.numpy.mean((model * batch["inputs"] - batch["outputs"]) ** 2), {}),
        read_hdf5(path),
        validation=read_hdf5(path).subset(slice(0, 8)),
        optimizer=optax.sgd(0.1),
        steps=3,
        batch_size=8,
        progress=False,
        key=jax.random.key(0),
    )
    assert result.step == 3 and result.validation["loss"].size


def test_rows_that_cannot_be_read_are_a_clear_error(path, tmp_path):
    with h5py.File(tmp_path / "gzip.h5", "w") as file:
        file.create_dataset("inputs", data=RANDOM.normal(size=(40, 64)), chunks=(4, 64), compression="gzip")
        place = file["inputs"].id.get_chunk_info(5).byte_offset
    data = bytearray((tmp_path / "gzip.h5").read_bytes())
    data[place : place + 64] = bytes(64)
    (tmp_path / "gzip.h5").write_bytes(bytes(data))
    source = HDF5Source(tmp_path / "gzip.h5", fields=("inputs",), in_memory=False)
    source.rows(np.arange(4))
    with pytest.raises(DataFormatError, match="rows cannot be read"):
        source.rows(np.arange(20, 24))
    source.close()


def test_reader_errors_reach_the_user(path):
    class Broken(ArraySource):
        def rows(self, indices):
            if threading.current_thread() is not threading.main_thread():
                raise DataFormatError("block 0 is gone")
            return super().rows(indices)

        def arrays(self):
            return None

    with pytest.raises(DataFormatError, match="block 0 is gone"):
        sciml.fit(
            jax.numpy.ones(1),
            lambda model, batch, key: (jax.numpy.mean(model * batch), {}),
            Broken(np.ones((8, 1))),
            optimizer=optax.sgd(0.1),
            steps=2,
            batch_size=2,
            progress=False,
            key=jax.random.key(0),
        )


def test_missing_fields_and_unequal_lengths(path, tmp_path):
    with pytest.raises(DataFormatError, match=r"no dataset 'tensor'.*coordinates"):
        HDF5Source(path, fields=("tensor",))
    with pytest.raises(DataFormatError, match="no dataset 'coordinates'"):
        HDF5Source(path, fields=("coordinates",))
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["a"], file["b"] = np.ones((3, 2)), np.ones((4, 2))
    with pytest.raises(DataFormatError, match=r"share their leading axis.*'a': 3, 'b': 4"):
        HDF5Source(tmp_path / "file.h5", fields=("a", "b"))


def test_array_source_refuses_what_has_no_samples():
    for wrong in ({}, {"a": 3.0}, np.float64(3), {"a": np.ones(3), "b": np.ones(4)}):
        with pytest.raises(ValueError, match="`arrays`"):
            ArraySource(wrong)


def test_generator_checks_its_numbers():
    for options, message in (
        ({"refresh": 0}, "at least 1"),
        ({"pool": 0, "refresh": 2}, "at least 1"),
        ({"pool": 2}, "refresh"),
    ):
        with pytest.raises(ValueError, match=message):
            Generator(jax.random.normal, **options)


def test_generator_fingerprint_sees_a_number_in_a_closure():
    def with_scale(scale):
        return Generator(lambda key: scale * jax.random.normal(key, (3,)))

    assert with_scale(1.0).fingerprint() == with_scale(1.0).fingerprint() != with_scale(1.01).fingerprint()
    table = np.arange(3.0)
    arrays = [Generator(lambda key, t=t: t + jax.random.normal(key, (3,))).fingerprint() for t in (table, table + 1)]
    assert arrays[0] != arrays[1]
