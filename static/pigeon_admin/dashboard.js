'use strict';
// Reads the page again every few seconds and swaps the figures in place; rests while nobody looks.
{
    let interval = 0;
    let failures = 0;

    async function refresh() {
        if (document.hidden) {
            return; // visibilitychange starts it again
        }
        try {
            const response = await fetch(window.location.href, {headers: {'X-Requested-With': 'fetch'}, redirect: 'error'});
            if (!response.ok) {
                throw new Error(response.status);
            }
            const page = new DOMParser().parseFromString(await response.text(), 'text/html');
            const fresh = page.getElementById('pigeon-dashboard');
            const stale = document.getElementById('pigeon-dashboard');
            // An element under the finger or the cursor of a keyboard user is not pulled away.
            if (fresh && !stale.contains(document.activeElement) && fresh.innerHTML !== stale.innerHTML) {
                stale.innerHTML = fresh.innerHTML;
            }
            failures = 0;
        } catch {
            failures += 1;
        }
        schedule();
    }

    let timer = 0;
    function schedule() {
        clearTimeout(timer);
        timer = setTimeout(refresh, interval * Math.min(2 ** failures, 30));
    }

    window.addEventListener('load', () => {
        interval = 1000 * document.getElementById('pigeon-dashboard').dataset.refresh;
        document.addEventListener('visibilitychange', () => document.hidden ? clearTimeout(timer) : refresh());
        schedule();
    });
}
