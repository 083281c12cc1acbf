use std::ffi::{CStr, c_char};

#[expect(
    unsafe_code,
    reason = "std tells of the environment only by copies of each name and value"
)]
unsafe extern "C" {
    /// The environment of this process, as POSIX names it: pointers to `NAME=value`, a null pointer last.
    static mut environ: *const *const c_char;
}

/// Calls `each` with every `NAME=value` of this process's environment. `each` must not change the environment.
#[expect(
    unsafe_code,
    reason = "std tells of the environment only by copies of each name and value"
)]
pub(super) fn for_each(mut each: impl FnMut(&[u8])) {
    // SAFETY: the C library keeps the list and its texts in place until somebody changes the environment. `each` does
    // not, and whoever calls `std::env::set_var` has promised that no other thread reads the environment meanwhile,
    // "through functions or global variables other than the ones" of `std::env`.
    unsafe {
        let mut next = (&raw const environ).read();
        while !next.is_null() && !(*next).is_null() {
            each(CStr::from_ptr(*next).to_bytes());
            next = next.add(1);
        }
    }
}
