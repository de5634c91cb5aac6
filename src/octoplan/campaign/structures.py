"""Structures: frozen records of arrays that kernels construct and pass by reference.

Named tuples are passed by value; with about a hundred arrays, each call would copy a thousand words, and compilation
would be slow.
"""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast, dataclass_transform

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.typing.typeof import typeof
from numba.experimental import structref
from numba.experimental.jitclass.base import imp_dtor
from numba.extending import NativeValue, typeof_impl, unbox

T = TypeVar("T")


class Structure(types.StructRef):  # type: ignore[misc]
    """Type of a structure. Its name is short: it is part of the names of all functions that take the structure."""

    def __init__(self, fields: Any) -> None:
        super().__init__(fields)
        digest = hashlib.sha256(repr(self._fields).encode()).hexdigest()[:16]
        self.name = f"{type(self).__name__}-{digest}"

    def __reduce__(self) -> Any:
        """Pickle the type by the name of its class, so that another process unpickles one equal to its own."""
        return reference_to, (type(self).__name__, self._fields)


REFERENCES: dict[str, type[Structure]] = {}
"""Types of structures by name."""


def reference_to(name: str, fields: Any) -> Structure:
    """The type of a structure that was declared in this process."""
    return REFERENCES[name](fields)


def fill(
    context: Any, builder: Any, reference: Structure, allocate: Callable[..., Any], values: Callable[[int, Any], Any]
) -> Any:
    """Generate code that allocates a structure and fills it.

    Args:
        context: numba's target context.
        builder: The builder of the code.
        reference: Type of the structure.
        allocate: Generates code that allocates memory of a size with a destructor.
        values: Generates code for the value of a field, given its number and type; the structure owns the value.

    Returns:
        The structure.

    """
    payload = reference.get_data_type()
    size = context.get_abi_sizeof(context.data_model_manager[payload].get_value_type())
    destructor = imp_dtor(context, builder.module, reference)
    information = allocate(builder, context.get_constant(types.uintp, size), destructor)
    pointer = context.nrt.meminfo_data(builder, information)
    kind = context.data_model_manager[payload].get_value_type().as_pointer()
    data = cgutils.create_struct_proxy(payload)(context, builder, ref=builder.bitcast(pointer, kind))
    for number, (field, field_type) in enumerate(reference.field_dict.items()):
        setattr(data, field, values(number, field_type))
    structure_value = cgutils.create_struct_proxy(reference)(context, builder)
    structure_value.meminfo = information
    return structure_value._getvalue()  # noqa: SLF001  # numba's interface


@dataclass_transform(frozen_default=True)
def structure(cls: type[T]) -> type[T]:
    """Declare a frozen class that kernels construct and pass by reference."""
    reference = type(f"{cls.__name__}Reference", (Structure,), {})
    structref.register(reference)
    structref.define_constructor(cls, reference, list(cls.__annotations__))
    REFERENCES[reference.__name__] = reference
    cls.reference = reference  # type: ignore[attr-defined]
    return cls


def layout(value: Any) -> Any:
    """What determines numba's type of an array, or of a named tuple of arrays."""
    if isinstance(value, np.ndarray):
        flags = value.flags
        return value.dtype, value.ndim, flags.c_contiguous, flags.f_contiguous, flags.aligned, flags.writeable
    return tuple(map(layout, value))


def define_unboxing(cls: type, reference: type[Structure]) -> None:
    """Let Python pass instances of ``cls``, which hold their fields in ``arrays``, to entries."""
    types_by_layout: dict[Any, Structure] = {}

    @typeof_impl.register(cls)  # type: ignore[untyped-decorator]
    def type_of(value: Any, _context: Any) -> Structure:
        key = layout(value.arrays)
        if key not in types_by_layout:
            fields = zip(cls.__annotations__, map(typeof, value.arrays), strict=True)
            types_by_layout[key] = reference(list(fields))
        return types_by_layout[key]

    @unbox(reference)  # type: ignore[untyped-decorator]
    def unbox_fields(reference_type: Structure, instance: Any, c: Any) -> NativeValue:
        arrays = c.pyapi.object_getattr_string(instance, "arrays")
        failed = cgutils.false_bit

        def value(number: int, field_type: Any) -> Any:
            nonlocal failed
            native = c.unbox(field_type, c.pyapi.tuple_getitem(arrays, number))
            failed = c.builder.or_(failed, native.is_error)
            return native.value

        def allocate(builder: Any, size: Any, destructor: Any) -> Any:
            memory = c.context.nrt.meminfo_alloc_dtor_unchecked(builder, size, destructor)
            with builder.if_then(cgutils.is_null(builder, memory), likely=False):
                c.pyapi.fatal_error("not enough memory")
            return memory

        filled = fill(c.context, c.builder, reference_type, allocate, value)
        c.pyapi.decref(arrays)
        return NativeValue(filled, is_error=failed)


def by_reference(named_tuple: type[T]) -> type[T]:
    """Return a structure with the fields of a named tuple of arrays: ``Structure(*named_tuple)``.

    Python can construct it as well as kernels, and pass it to entries.
    """
    fields = list(named_tuple._fields)  # type: ignore[attr-defined]

    def keep(self: Any, *arrays: Any) -> None:
        self.arrays = arrays

    members = {"__annotations__": dict.fromkeys(fields, Any), "__init__": keep}
    twin: Any = structure(type(named_tuple.__name__, (), members))
    define_unboxing(twin, twin.reference)
    return cast("type[T]", twin)
