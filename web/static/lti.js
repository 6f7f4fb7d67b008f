// What a launch needs of the browser: to keep a secret at the platform and have it back, where
// our own cookies are blocked, and to send a form on. Without it the pages have a button.
// Source: LTI Client Side postMessages 1.0, LTI OIDC Login with LTI Client Side postMessages 1.0.
"use strict";
(() => {
  const PATIENCE_MS = 3000;

  // The platform's frame of that name, beside us or above us; null where there is none.
  const frameNamed = (name) => {
    const above = window.parent !== window ? window.parent : window.opener;
    if (!above || name === "_parent") return above;
    try {
      return above.frames[name] || null;
    } catch {
      return null;
    }
  };

  const messageId = () =>
    Array.from(crypto.getRandomValues(new Uint32Array(4)), (one) => one.toString(16)).join("-");

  // The platform's answer; null where it does not answer in time, or not with what was asked.
  const ask = ({ target, origin: address, key }, subject, more) =>
    new Promise((resolve) => {
      const frame = frameNamed(target);
      if (!frame) return resolve(null);
      const origin = new URL(address).origin;
      const id = messageId();
      const done = (found) => {
        clearTimeout(timer);
        removeEventListener("message", heard);
        resolve(found);
      };
      const heard = ({ data, origin: from, source }) => {
        if (from !== origin || source !== frame || !data || data.message_id !== id) return;
        if (data.subject === `${subject}.response`) done(data.error ? null : data);
      };
      const timer = setTimeout(() => done(null), PATIENCE_MS);
      addEventListener("message", heard);
      try {
        frame.postMessage({ subject, message_id: id, key, ...more }, origin);
      } catch {
        done(null); // What goes by that name is no frame.
      }
    });

  const tasks = {
    async store(link) {
      await ask(link.dataset, "lti.put_data", { value: link.dataset.value });
      location.replace(link.href);
    },
    async fetch(form) {
      const found = await ask(form.dataset, "lti.get_data", {});
      if (found && typeof found.value === "string") form.elements.browser.value = found.value;
      form.submit();
    },
    send(form) {
      form.submit();
    },
  };

  for (const place of document.querySelectorAll("[data-lti]")) tasks[place.dataset.lti](place);
})();
