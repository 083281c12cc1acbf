use std::sync::Arc;

use groundcrew_base::Check;

/// One check for two askers: the boot, which waits for it, and the health engine, which watches it.
pub(super) fn shared(check: &Arc<dyn Check>) -> impl Check + use<> {
    let check = Arc::clone(check);
    move || {
        let check = Arc::clone(&check);
        async move { check.run().await }
    }
}
