// Before anything is drawn: the theme chosen last time, if the browser lets a page from disk remember it.
try {
  const theme = localStorage.getItem("quantlat-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (error) {
  // Storage may be switched off; the system's preference holds then.
}
document.documentElement.classList.add("scripted");
