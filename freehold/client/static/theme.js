// Runs before the first paint: scripts are there, and the chosen theme.
document.documentElement.classList.add("js");
try {
  const theme = JSON.parse(localStorage.getItem("fh.theme") || '""');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {}
