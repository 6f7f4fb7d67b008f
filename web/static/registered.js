// Tells the platform that opened this page that the registration is done, and nobody else.
const place = document.getElementById("registered");
const platform = window.opener || (window.parent === window ? null : window.parent);
if (place && platform) {
  platform.postMessage({ subject: "org.imsglobal.lti.close" }, place.dataset.origin);
}
